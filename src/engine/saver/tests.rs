//! A disk that gives no answer for a while.

use super::*;
use crate::domain::setup::Setup;
use crate::engine::persist;
use crate::store::Store;
use std::sync::mpsc;

fn configured(state: &State) -> Event {
    let setup = Setup {
        slos: Vec::new(),
        jobs: Default::default(),
        watched_jobs: None,
        evaluation_interval: Duration::from_secs(15),
        external_url: String::new(),
        external_labels: Default::default(),
        route: None,
        receivers: Vec::new(),
    };
    Event::Configured { at: state.core.now + Duration::from_secs(1), setup: Arc::new(setup) }
}

#[tokio::test(start_paused = true)]
async fn a_disk_that_hangs_stops_nothing_and_all_is_written_afterwards() {
    let dir = tempfile::tempdir().expect("a directory");
    let (store, loaded) = Store::open(dir.path()).expect("an empty store");
    let (mut state, kept) = persist::recover(loaded).expect("nothing");
    let (hang, answer) = mpsc::channel::<()>();
    let ready = move || assert!(answer.recv().is_err(), "nothing is sent");
    let writer = Writer::spawn_after(store, ready).expect("a thread");
    let (mut saver, metrics) = (Saver::new(writer, kept, 0), Metrics::new());

    let event = configured(&state);
    saver.step(&mut state, event);
    let told = saver.save(&mut state, &metrics).await.expect("trouble");
    assert!(matches!(&told, Event::Trouble { error: Some(error), .. } if error.contains("no answer")), "{told:?}");
    saver.step(&mut state, told);
    let event = configured(&state);
    saver.step(&mut state, event);
    assert_eq!(saver.save(&mut state, &metrics).await, None, "nobody waits for the disk again");
    saver.begin(&state, true, 0).await;
    assert!(saver.checkpoint.is_none(), "nothing more is asked of it");

    drop(hang);
    while saver.checkpoint.is_none() {
        tokio::task::yield_now().await;
        saver.begin(&state, true, 0).await;
    }
    let over = loop {
        if let Some(told) = saver.save(&mut state, &metrics).await {
            break told;
        }
        tokio::task::yield_now().await;
    };
    assert!(matches!(over, Event::Trouble { error: None, .. }), "{over:?}");
    let now = state.core.now;
    assert!(saver.finish(&mut state, &metrics).await, "all is written");
    let (_, loaded) = Store::open(dir.path()).expect("the store");
    assert_eq!(persist::recover(loaded).expect("what was written").0.core.now, now);
}
