//! What every command that keeps running does: it listens somewhere, and it stops when it is told to.

use std::io::ErrorKind;
use std::net::SocketAddr;

use anyhow::{Context, anyhow};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// Listens at `address`, which the variable or flag `named_by` set.
pub async fn listen(address: SocketAddr, named_by: &str) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.map_err(|why| match why.kind() {
        ErrorKind::AddrInUse => anyhow!(
            "{address} is in use by another program: stop that one, or set {named_by} to a free address ({}:0 takes any)",
            address.ip()
        ),
        _ => anyhow::Error::new(why).context(format!("cannot listen at {address}, which {named_by} names")),
    })
}

/// Cancelled by the first Ctrl-C or SIGTERM. A second one ends the process at once, as it would have without us; the
/// embedded Postgres is then taken over by the next start.
pub fn told_to_stop() -> anyhow::Result<CancellationToken> {
    let mut interrupt = signal(SignalKind::interrupt()).context("listening for Ctrl-C")?;
    let mut terminate = signal(SignalKind::terminate()).context("listening for SIGTERM")?;
    let stop = CancellationToken::new();
    let told = stop.clone();
    tokio::spawn(async move {
        for insisting in [false, true] {
            tokio::select! { _ = interrupt.recv() => {}, _ = terminate.recv() => {} }
            if insisting {
                std::process::exit(130);
            }
            tracing::info!("stopping; a second signal ends this process at once");
            told.cancel();
        }
    });
    Ok(stop)
}
