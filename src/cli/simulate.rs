//! `enlace simulate`: a mapping platform that does not exist, for trying things out.

use std::net::SocketAddr;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use simulators::{faults, ozmap};

use super::process::{listen, told_to_stop};

/// The platforms that can be simulated.
#[derive(Debug, Subcommand)]
pub enum Simulate {
    /// OZMap, with a made-up city
    Ozmap(City),
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

impl Simulate {
    /// Builds the city and serves it until it is told to stop.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        let stop = told_to_stop()?;
        let Self::Ozmap(City { listen: address, boxes, seed, faults }) = self;
        let faults = faults.map_or_else(|| Ok(Vec::new()), |path| faults::read_file(&path))?;
        let options = ozmap::Options { boxes, seed, faults, ..ozmap::Options::default() };
        let listener = listen(address, "--listen").await?;
        println!("ozmap http://{}", listener.local_addr()?);
        println!("key {}", options.api_key);
        ozmap::run(options, listener, stop.cancelled_owned()).await?;
        Ok(ExitCode::SUCCESS)
    }
}
