//! A TCP proxy before a socket of Postgres, that does to its connections what networks do.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream, UnixStream},
    sync::watch,
    task::{JoinHandle, JoinSet},
};

/// What is done to what passes.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Weather {
    /// Nothing passes until this ends.
    pub stalled: bool,
    /// Each piece waits so long.
    pub delay: Duration,
    /// Bytes a second, in each direction of each connection; `None`: without limit.
    pub bandwidth: Option<u32>,
    /// Connections up to this number are half open: both ends believe in them, and nothing passes any more.
    pub half_open: u64,
}

/// A running proxy; it ends when dropped, and its connections with it.
pub struct Proxy {
    port: u16,
    weather: watch::Sender<Weather>,
    made: Arc<Mutex<u64>>,
    connections: Arc<Mutex<JoinSet<()>>>,
    accepting: JoinHandle<()>,
}

impl Proxy {
    /// In front of this socket.
    pub async fn before(socket: &Path) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let weather = watch::Sender::new(Weather::default());
        let (made, connections) = (Arc::new(Mutex::new(0)), Arc::new(Mutex::new(JoinSet::new())));
        let (sees, number, kept) = (weather.subscribe(), Arc::clone(&made), Arc::clone(&connections));
        let socket = socket.to_owned();
        let accepting = tokio::spawn(async move {
            loop {
                let Ok((stream, _)) = listener.accept().await else { continue };
                let number = {
                    let mut number = number.lock().unwrap();
                    *number += 1;
                    *number
                };
                kept.lock().unwrap().spawn(attend(stream, socket.clone(), number, sees.clone()));
            }
        });
        Self { port, weather, made, connections, accepting }
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Makes the weather.
    pub fn set(&self, change: impl FnOnce(&mut Weather)) {
        self.weather.send_modify(change);
    }

    /// All connections of now become half open, for ever; new ones are made as usual.
    pub fn half_open(&self) {
        let made = *self.made.lock().unwrap();
        self.set(|weather| weather.half_open = made);
    }

    /// All connections of now are reset.
    pub fn cut(&self) {
        self.connections.lock().unwrap().abort_all();
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
        self.cut();
    }
}

async fn attend(client: TcpStream, socket: PathBuf, number: u64, weather: watch::Receiver<Weather>) {
    // Dropped, it is reset, not closed.
    let _a_reset_is_all_it_gets = client.set_zero_linger();
    let _small_packets_go_at_once = client.set_nodelay(true);
    let Ok(server) = UnixStream::connect(socket).await else { return };
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    tokio::select! {
        () = pass(from_client, to_server, number, weather.clone()) => {}
        () = pass(from_server, to_client, number, weather) => {}
    }
}

/// Carries what comes in one direction, until one end is gone.
async fn pass(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    number: u64,
    mut weather: watch::Receiver<Weather>,
) {
    let mut piece = vec![0; 16 << 10];
    loop {
        let read = from.read(&mut piece).await.unwrap_or_default();
        // Half open, the far end's leaving is not heard of either.
        if weather.wait_for(|now| !now.stalled || number <= now.half_open).await.is_err() {
            return;
        }
        let now = *weather.borrow();
        if number <= now.half_open {
            return std::future::pending().await;
        }
        let transfer =
            now.bandwidth.map_or(Duration::ZERO, |rate| Duration::from_secs_f64(read as f64 / f64::from(rate)));
        tokio::time::sleep(now.delay + transfer).await;
        if read == 0 || to.write_all(&piece[..read]).await.is_err() {
            return;
        }
    }
}
