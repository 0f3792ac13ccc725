//! Runs one test of this binary in a process of its own, where it can be killed, confined or made another user.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const DIR: &str = "SLOWBURN_TEST_CHILD";

/// A command that runs the test `name` with [`dir`] set.
pub fn command(name: &str, dir: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    confine(&mut command, name, dir);
    command
}

/// The same through a shell: `script` finds the binary and its arguments in `"$@"`.
pub fn shell(wrapper: &[&str], script: &str, name: &str, dir: &Path) -> Command {
    let shell = ["sh", "-c", script, "sh"];
    let mut words = wrapper.iter().chain(&shell);
    let mut command = Command::new(words.next().unwrap());
    command.args(words).arg(std::env::current_exe().unwrap());
    confine(&mut command, name, dir);
    command
}

/// Gives a command that ends in this binary the arguments to run only the test `name`.
pub fn confine(command: &mut Command, name: &str, dir: &Path) {
    command.args(["--exact", name, "--nocapture"]).env(DIR, dir).stdout(Stdio::piped()).stderr(Stdio::piped());
}

/// The directory to work in; `None` where the test was not started by [`command`] and has nothing to do.
pub fn dir() -> Option<PathBuf> {
    std::env::var_os(DIR).map(PathBuf::from)
}
