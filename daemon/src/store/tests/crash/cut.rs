//! What is on the disk when power is cut, and what a start makes of it.

use std::ops::Range;

use super::disk::{Disk, Op, write};
use super::script::{Dice, History, Told};
use super::state::State;
use super::*;
use crate::store::migrate::migrate;
use crate::store::open::Place;
use crate::store::{Tree, used};

/// Smallest part of a write that is whole or not there.
const SECTOR: usize = 512;

/// Where power is cut.
#[derive(Debug, Clone)]
pub(super) struct Cuts {
    /// After which operations.
    pub at: Range<usize>,
    /// Around each sync in every way, elsewhere in one of so many ways.
    pub one_in: usize,
    /// Of so many images one is cut a second time, at every operation of the start that mends it.
    pub again: Option<usize>,
}

/// What came of all cuts.
#[derive(Debug, Default)]
pub(super) struct Report {
    /// Images of the disk that were opened.
    pub images: usize,
    /// Those of which something was lost, or that held what nobody was told.
    pub lost: Vec<String>,
}

/// A folder in which one image after another is opened.
struct Starts {
    _dir: TempDir,
    place: Place,
    image: Arc<std::sync::Mutex<Disk>>,
}

/// What a power cut can leave of the disk.
pub(super) struct Left<'h> {
    /// What lasts, because it was synced.
    pub durable: Vec<u8>,
    /// What was asked since.
    pub pending: Vec<&'h Op>,
}

impl Report {
    /// Takes in what came of cuts elsewhere.
    pub fn add(&mut self, context: &str, other: Self) {
        self.images += other.images;
        let lost = other.lost.into_iter();
        self.lost
            .extend(lost.map(|lost| format!("{context}: {lost}")));
    }

    pub fn nothing_lost(&self) {
        let lost = &self.lost;
        let shown = lost.iter().take(5).collect::<Vec<_>>();
        assert!(
            lost.is_empty(),
            "{} of {}: {shown:#?}",
            lost.len(),
            self.images
        );
    }
}

impl Starts {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        // Any length but none: the bytes are in the image.
        std::fs::write(dir.path().join("penstock.redb"), [0]).unwrap();
        let image = Arc::new(std::sync::Mutex::new(Disk::default()));
        let slot = image.clone();
        let storage = Storage::wrapped(move |file| slot.lock().unwrap().open(file));
        let place = Place::new(dir.path(), storage);
        Self {
            _dir: dir,
            place,
            image,
        }
    }

    /// What is wrong with an image: it has to hold the state that was acknowledged last, or the one that came next.
    fn problem(&self, image: Vec<u8>, told: &[Told]) -> Option<String> {
        match self.state(image) {
            Err(problem) => Some(problem),
            Ok(state) if told.iter().any(|told| told.state == state) => None,
            Ok(state) => {
                let (found, last) = (state.counters, told[0].state.counters);
                Some(format!("{found:?} where {last:?} was acknowledged"))
            }
        }
    }

    /// Cuts power in the start that mends an image, too.
    fn second_cut(&self, image: &[u8], told: &[Told]) -> Report {
        let _ = self.problem(image.to_vec(), told);
        let mut told = told.to_vec();
        told[0].at = 0;
        if let Some(next) = told.get_mut(1) {
            next.at = usize::MAX;
        }
        let history = History {
            before: image.to_vec(),
            ops: self.image.lock().unwrap().ops(),
            told,
        };
        Cuts::everywhere(2).of(&history)
    }

    /// What a start finds, all but the writer's thread.
    fn state(&self, image: Vec<u8>) -> Result<State, String> {
        *self.image.lock().unwrap() = Disk::with(image);
        let database = self.place.open().map_err(|error| error.to_string())?;
        migrate(&database, &self.place).map_err(|error| error.to_string())?;
        let read = || {
            let look = redb::ReadableDatabase::begin_read(&database)?;
            used::load(&look, &Tree::load(&look)?)?;
            State::of(&look)
        };
        read().map_err(|error| error.to_string())
    }
}

impl<'h> Left<'h> {
    /// What was there before anything was asked.
    pub fn new(durable: Vec<u8>) -> Self {
        Self {
            durable,
            pending: Vec::new(),
        }
    }

    /// One more operation was done.
    pub fn then(&mut self, op: &'h Op) {
        match op {
            Op::Sync => self.settle(),
            // Lengths are in the file system's journal, which is written again.
            Op::Forget => self.pending.retain(|op| matches!(op, Op::SetLen(_))),
            op => self.pending.push(op),
        }
    }

    /// All so far lasts.
    pub fn settle(&mut self) {
        for op in self.pending.drain(..) {
            op.apply(&mut self.durable);
        }
    }

    /// With those of the pending operations that are wanted.
    pub fn kept(&self, mut keep: impl FnMut() -> bool) -> Vec<u8> {
        let mut image = self.durable.clone();
        for op in &self.pending {
            if keep() {
                op.apply(&mut image);
            }
        }
        image
    }

    /// All but a part of the last write: its sectors up to one, or any of them.
    pub fn torn(&self, dice: &mut Dice) -> Vec<u8> {
        let Some((Op::Write(at, data), before)) = self.pending.split_last() else {
            return self.kept(|| true);
        };
        let mut image = self.durable.clone();
        for op in before {
            op.apply(&mut image);
        }
        let sectors = data.len().div_ceil(SECTOR);
        let upto = (dice.roll(2) == 0).then(|| dice.roll(sectors));
        for (number, sector) in data.chunks(SECTOR).enumerate() {
            if upto.map_or_else(|| dice.roll(2) == 0, |upto| number < upto) {
                write(&mut image, at + (number * SECTOR) as u64, sector);
            }
        }
        image
    }
}

impl Cuts {
    /// At every operation.
    pub fn everywhere(one_in: usize) -> Self {
        Self {
            at: 0..usize::MAX,
            one_in,
            again: None,
        }
    }

    /// Cuts power after operations that come after the first acknowledged state, and opens what is left.
    pub fn of(&self, history: &History) -> Report {
        let (starts, mut dice, mut report) = (Starts::new(), Dice::new(0xd1ce), Report::default());
        let mut left = Left::new(history.before.clone());
        for at in 0..=history.ops.len() {
            let op = history.ops.get(at);
            let count = history.told.partition_point(|told| told.at <= at);
            if count > 0 && self.at.contains(&at) {
                let told = &history.told[count - 1..history.told.len().min(count + 1)];
                for (variant, image) in self.images(&left, op, &mut dice) {
                    let context = format!("cut after operation {at}, {variant}");
                    let number = report.images;
                    if self.again.is_some_and(|again| number.is_multiple_of(again)) {
                        report.add(&context, starts.second_cut(&image, told));
                    }
                    report.images += 1;
                    if let Some(problem) = starts.problem(image, told) {
                        report.lost.push(format!("{context}: {problem}"));
                    }
                }
            }
            if let Some(op) = op {
                left.then(op);
            }
        }
        report
    }

    /// What can be left when this operation is the first that isn't done.
    fn images(
        &self,
        left: &Left<'_>,
        next: Option<&Op>,
        dice: &mut Dice,
    ) -> Vec<(&'static str, Vec<u8>)> {
        let every_way = matches!(next, None | Some(Op::Sync | Op::Forget));
        let mut images = Vec::new();
        if every_way {
            images.push(("none kept", left.durable.clone()));
        }
        if every_way || dice.roll(self.one_in) == 0 {
            images.push(("all kept", left.kept(|| true)));
        }
        if every_way || dice.roll(self.one_in) == 0 {
            images.push(("some kept", left.kept(|| dice.roll(2) == 0)));
        }
        if every_way || dice.roll(self.one_in) == 0 {
            images.push(("torn", left.torn(dice)));
        }
        images
    }
}
