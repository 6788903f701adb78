//! Where in a location a repository lives: a relative path that cannot lead anywhere else.

use std::fmt;

use super::VaultError;

/// Path of a repository, or of a folder above one, relative to its location: 1 to 8 plain segments, `customer/client/schedule` as a rule.
///
/// A segment is 1 to 255 bytes without `/` or control characters and doesn't begin with a dot, so neither `..` nor the location's
/// own folders (`.incoming`, `.trash`) can be named.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RepoFolder(String);

/// Deep enough for every address form; bounds what one request can make on disk.
const MAX_SEGMENTS: usize = 8;

impl RepoFolder {
    /// Joins segments into a path.
    ///
    /// # Errors
    /// [`VaultError::BadName`] names the first segment that is not plain, or says that there are none or too many.
    pub fn new<S: AsRef<str>>(
        segments: impl IntoIterator<Item = S>,
    ) -> Result<RepoFolder, VaultError> {
        let mut path = String::new();
        for (index, segment) in segments.into_iter().enumerate() {
            let segment = segment.as_ref();
            if index == MAX_SEGMENTS {
                return Err(bad(&path, "a folder has at most 8 segments"));
            }
            plain(segment)?;
            if index > 0 {
                path.push('/');
            }
            path.push_str(segment);
        }
        if path.is_empty() {
            return Err(bad(&path, "a folder has at least one segment"));
        }
        Ok(RepoFolder(path))
    }

    /// Reads what `Display` wrote: segments between single slashes.
    ///
    /// # Errors
    /// As [`RepoFolder::new`].
    pub fn parse(text: &str) -> Result<RepoFolder, VaultError> {
        RepoFolder::new(text.split('/'))
    }

    /// The path as text, `a/b/c`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The segments from the location downwards.
    pub fn segments(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.0.split('/')
    }

    /// The folder above, unless that is the location itself.
    pub fn parent(&self) -> Option<RepoFolder> {
        self.0
            .rsplit_once('/')
            .map(|(above, _)| RepoFolder(above.to_owned()))
    }

    /// The last segment.
    pub(super) fn leaf(&self) -> &str {
        self.0.rsplit_once('/').map_or(&*self.0, |(_, leaf)| leaf)
    }
}

impl fmt::Display for RepoFolder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Checks that a text is a single folder name without any meaning to the kernel or to the location.
pub(super) fn plain(segment: &str) -> Result<(), VaultError> {
    let why = if segment.is_empty() {
        "a segment is empty"
    } else if segment.len() > 255 {
        "a segment is longer than 255 bytes"
    } else if segment.starts_with('.') {
        "a segment begins with a dot"
    } else if segment.contains(|c: char| c == '/' || c.is_control()) {
        "a segment holds a slash or a control character"
    } else {
        return Ok(());
    };
    Err(bad(segment, why))
}

fn bad(name: &str, why: &'static str) -> VaultError {
    // What is refused may be long and is shown to people.
    let name = name.chars().take(80).collect();
    VaultError::BadName { name, why }
}
