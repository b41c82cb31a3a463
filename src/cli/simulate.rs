//! `enlace simulate`: a mapping platform that does not exist, for trying things out.

use std::net::SocketAddr;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use simulators::faults::{self, Fault};
use simulators::{geogrid, ozmap};
use tokio::net::TcpListener;

use super::process::{listen, told_to_stop};

/// The platforms that can be simulated.
#[derive(Debug, Subcommand)]
pub enum Simulate {
    /// OZMap, with a made-up city
    Ozmap(City),
    /// GeoGrid, with a made-up city; it takes one call a second
    Geogrid(City),
}

/// What city, and where.
#[derive(Debug, Args)]
pub struct City {
    /// Address to listen at
    #[arg(long, default_value = "127.0.0.1:9101")]
    listen: SocketAddr,
    /// How many boxes the city has
    #[arg(long, default_value_t = 500)]
    boxes: u32,
    /// What chance comes from: the same seed, the same city
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// A JSON file with what is to go wrong
    #[arg(long, value_name = "FILE")]
    faults: Option<String>,
}

impl City {
    /// What goes wrong, and where it listens.
    async fn ready(&self) -> anyhow::Result<(Vec<Fault>, TcpListener)> {
        let faults = self.faults.as_ref().map_or_else(|| Ok(Vec::new()), |path| faults::read_file(path))?;
        Ok((faults, listen(self.listen, "--listen").await?))
    }
}

fn announce(platform: &str, listener: &TcpListener, key: &str) -> anyhow::Result<()> {
    println!("{platform} http://{}", listener.local_addr()?);
    println!("key {key}");
    Ok(())
}

impl Simulate {
    /// Builds the city and serves it until it is told to stop.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let stop = told_to_stop()?.cancelled_owned();
        let (Self::Ozmap(city) | Self::Geogrid(city)) = &self;
        let ((faults, listener), boxes, seed) = (city.ready().await?, city.boxes, city.seed);
        match self {
            Self::Ozmap(_) => {
                let options = ozmap::Options { boxes, seed, faults, ..ozmap::Options::default() };
                announce("ozmap", &listener, &options.api_key)?;
                ozmap::run(options, listener, stop).await?;
            }
            Self::Geogrid(_) => {
                let options = geogrid::Options { boxes, seed, faults, ..geogrid::Options::default() };
                announce("geogrid", &listener, &options.api_key)?;
                geogrid::run(options, listener, stop).await?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}
