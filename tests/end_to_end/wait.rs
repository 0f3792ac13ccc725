//! Waiting for a condition, with a deadline.

use std::time::Duration;

/// Long enough for a busy machine; what takes longer has failed.
pub const PATIENCE: Duration = Duration::from_secs(60);
/// Time between two looks.
const LOOK: Duration = Duration::from_millis(40);

/// Looks until `look` finds something.
pub async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let looking = async {
        loop {
            if let Some(found) = look().await {
                return found;
            }
            tokio::time::sleep(LOOK).await;
        }
    };
    match tokio::time::timeout(PATIENCE, looking).await {
        Ok(found) => found,
        Err(_) => panic!("waited in vain: {what}"),
    }
}

/// Like [`until`], for a condition.
pub async fn until_true(what: &str, mut look: impl AsyncFnMut() -> bool) {
    until(what, async || look().await.then_some(())).await;
}
