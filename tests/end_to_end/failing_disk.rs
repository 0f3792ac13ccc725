//! A disk that refuses syncs and writes under the running engine, and forgets what it did not confirm.
//!
//! A file system that turns read-only is played as well: while a program has a file open for writing, Linux lets nobody
//! remount it so (`EBUSY`), only an error of the disk does.

use crate::disk::{of_the_shop, of_the_store};
use crate::engine::{Installation, Slowburn};
use crate::faulty_disk::{FaultyDisk, Switch};
use crate::outage::{SLOS, config, counted, meanwhile, until_exact, webhook};
use crate::receiver::Receiver;
use crate::service::Service;
use crate::wait::until_true;

/// An engine above a disk that can fail, in the middle of its work.
pub struct World {
    pub service: Service,
    pub hook: Receiver,
    pub disk: FaultyDisk,
    pub installation: Installation,
}

impl World {
    pub async fn begin(slos: &str) -> (Self, Slowburn) {
        let (service, hook, disk) = (Service::start().await, Receiver::start().await, FaultyDisk::new());
        let text = config(&service, &webhook(&hook)).replace("receiver: team,", "receiver: team, group_by: [service],");
        let world = Self { installation: Installation::new(&text, slos), service, hook, disk };
        let slowburn = world.start().await;
        until_true("the first scrape", async || world.service.scrapes() > 0).await;
        let counting = async || (counted(&slowburn).await.total > 0.0).then_some(());
        meanwhile(&world.service, "200", "counting begins", counting).await;
        (world, slowburn)
    }

    pub async fn start(&self) -> Slowburn {
        let mut command = self.installation.run_command();
        command.envs(self.disk.environment(&self.installation.path("data")));
        Slowburn::start(command).await
    }

    /// What happened is in memory and was committed. Then the process is killed, and the power fails: what the disk had
    /// not confirmed is gone. The service forgets as well, so that nothing can be counted once more.
    pub async fn end_all(&self, slowburn: Slowburn) {
        until_exact(&slowburn, &self.service).await;
        slowburn.kill().await;
        self.disk.lose_power(&self.installation.path("data"));
        self.service.restart();
    }

    /// Starts anew and waits until the counts are exact, with something in them that was not known before: the counters
    /// may have begun anew, which must have been seen before they grow.
    pub async fn go_on(&self) -> Slowburn {
        let slowburn = self.start().await;
        self.service.happen("/cart", "200", 1);
        until_exact(&slowburn, &self.service).await;
        slowburn
    }

    async fn until_healthy(&self, slowburn: &Slowburn, code: &str, healthy: bool) {
        let as_wanted = async || slowburn.data("/api/v1/status/runtimeinfo").await["storage"]["healthy"] == healthy;
        let look = async || as_wanted().await.then_some(());
        meanwhile(&self.service, code, &format!("the store is healthy: {healthy}"), look).await;
    }
}

/// The engine goes on while the disk fails, tells it wherever people look, and holds everything once it is well again.
async fn is_survived(failure: Switch) {
    let (world, slowburn) = World::begin(SLOS).await;
    world.disk.set(failure, 1);
    world.until_healthy(&slowburn, "200", false).await;
    until_true("people are told", async || of_the_store(&world.hook.accepted()) == ["firing"]).await;
    assert!(slowburn.log().contains("the store can't be written; going on from memory"), "{}", slowburn.log());
    assert!(slowburn.text("/metrics").await.contains("\nslowburn_store_healthy 0.0\n"));
    assert!(slowburn.text("/").await.contains("counting and alerting go on from memory"), "the page tells it");
    let paged = async || of_the_shop(&world.hook.accepted()).first().cloned();
    meanwhile(&world.service, "500", "a page from memory", paged).await;
    until_exact(&slowburn, &world.service).await;

    world.disk.set(failure, 0);
    world.until_healthy(&slowburn, "500", true).await;
    let over = async || (of_the_store(&world.hook.accepted()) == ["firing", "resolved"]).then_some(());
    meanwhile(&world.service, "500", "people are told", over).await;
    world.end_all(slowburn).await;

    let _slowburn = world.go_on().await;
    let resolved = async || of_the_shop(&world.hook.accepted()).get(1).cloned();
    meanwhile(&world.service, "200", "the resolve", resolved).await;
    assert_eq!(of_the_shop(&world.hook.accepted()), ["firing", "resolved"], "no page is lost or repeated");
    assert_eq!(of_the_store(&world.hook.accepted()), ["firing", "resolved"]);
}

#[tokio::test]
async fn syncs_that_fail_lose_nothing() {
    is_survived(Switch::Sync).await;
}

#[tokio::test]
async fn writes_that_fail_lose_nothing() {
    is_survived(Switch::Write).await;
}

#[tokio::test]
async fn a_file_system_that_turns_read_only_loses_nothing() {
    is_survived(Switch::ReadOnly).await;
}

/// Commits go on into the log, so that nothing is at risk; but the log would grow without anybody knowing why.
#[tokio::test]
async fn a_database_that_can_not_be_synced_is_told_although_commits_go_on() {
    let (world, slowburn) = World::begin(SLOS).await;
    world.disk.set(Switch::SyncOfDatabase, 1);
    world.disk.set(Switch::Later, 11);
    // Not asked over HTTP: the leap of time ends connections.
    until_true("trouble", async || slowburn.log().contains("the store can't be written")).await;
    world.until_healthy(&slowburn, "200", false).await;
    until_true("people are told", async || of_the_store(&world.hook.accepted()) == ["firing"]).await;
    let log = slowburn.log();
    assert!(log.contains("can't remove an old checkpoint") || log.contains("can't begin a checkpoint"), "{log}");
    world.disk.set(Switch::SyncOfDatabase, 0);
    world.disk.set(Switch::Later, 12);
    until_true("its end", async || slowburn.log().contains("the store can be written again")).await;
    world.until_healthy(&slowburn, "200", true).await;
    let over = async || (of_the_store(&world.hook.accepted()) == ["firing", "resolved"]).then_some(());
    meanwhile(&world.service, "200", "people are told", over).await;
    world.end_all(slowburn).await;
    world.go_on().await;
}
