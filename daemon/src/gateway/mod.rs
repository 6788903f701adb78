//! One HTTP request, in five named steps.
