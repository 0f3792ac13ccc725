//! A disk that fails when told, and a power loss that takes what it never confirmed: see `faulty_disk.c`.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

/// Bytes of the file of switches, with room for what the library notes behind them.
const SWITCHES: u64 = 4 << 20;

/// What can be switched, in the order of the bytes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Switch {
    /// Syncs fail.
    Sync,
    /// Those of the database file fail, those of its log don't.
    SyncOfDatabase,
    /// Writes fail.
    Write,
    /// The file system can only be read.
    ReadOnly,
    /// Each sync takes so many milliseconds.
    Slow,
    /// The monotonic clock is so many minutes ahead.
    Later,
}

pub struct FaultyDisk {
    dir: TempDir,
    switches: File,
}

impl FaultyDisk {
    /// Builds the library with the C compiler.
    pub fn new() -> Self {
        let dir = tempfile::tempdir().expect("a directory");
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/faulty_disk.c");
        let mut cc = Command::new("cc");
        cc.args(["-shared", "-fPIC", "-O1", "-o"]).arg(dir.path().join("disk.so")).arg(source);
        let output = cc.output().expect("cc runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        fs::create_dir(dir.path().join("image")).expect("made");
        let switches = File::create(dir.path().join("switches")).expect("made");
        switches.set_len(SWITCHES).expect("made");
        Self { dir, switches }
    }

    /// What a program that keeps its data in `data` must find in its environment.
    pub fn environment(&self, data: &Path) -> [(&'static str, PathBuf); 4] {
        let own = |name| self.dir.path().join(name);
        [
            ("LD_PRELOAD", own("disk.so")),
            ("FAULTY_SWITCHES", own("switches")),
            ("FAULTY_IMAGE", own("image")),
            ("FAULTY_DATA", data.to_owned()),
        ]
    }

    /// Takes effect at once, in programs that run too.
    pub fn set(&self, switch: Switch, to: u8) {
        self.switches.write_all_at(&[to], switch as u64).expect("written");
    }

    /// Leaves in `data` what the disk confirmed.
    pub fn lose_power(&self, data: &Path) {
        fs::remove_dir_all(data).expect("removed");
        fs::create_dir(data).expect("made");
        for entry in fs::read_dir(self.dir.path().join("image")).expect("listed") {
            let entry = entry.expect("an entry");
            fs::copy(entry.path(), data.join(entry.file_name())).expect("copied");
        }
    }
}
