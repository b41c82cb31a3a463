//! `enlace simulate`: a mapping platform that does not exist, for trying things out.

use std::net::SocketAddr;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use simulators::faults::{self, Fault};
use simulators::{geogrid, geosite, ozmap};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::process::{listen, told_to_stop};

/// The platforms that can be simulated.
#[derive(Debug, Subcommand)]
pub enum Simulate {
    /// OZMap, with a made-up city
    Ozmap(City),
    /// GeoGrid, with a made-up city; it takes one call a second
    Geogrid(City),
    /// Geosite, with another made-up city
    Geosite(GeositeCity),
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
    /// Which made-up person the first customer is; his code is a thousand more
    #[arg(long, default_value_t = 0)]
    first_customer: u32,
    /// A JSON file with what is to go wrong
    #[arg(long, value_name = "FILE")]
    faults: Option<String>,
}

/// What city, on what kind of installation, and where.
#[derive(Debug, Args)]
pub struct GeositeCity {
    /// Address to listen at
    #[arg(long, default_value = "127.0.0.1:9102")]
    listen: SocketAddr,
    /// How many boxes the city has
    #[arg(long, default_value_t = 500)]
    boxes: u32,
    /// What chance comes from: the same seed, the same city
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Which made-up person the first customer is; his code is a thousand more
    #[arg(long, default_value_t = 0)]
    first_customer: u32,
    /// An older installation: other columns, numbers as text, viability as a bare list
    #[arg(long)]
    older: bool,
    /// A JSON file with what is to go wrong
    #[arg(long, value_name = "FILE")]
    faults: Option<String>,
}

impl Simulate {
    /// Builds the city and serves it until it is told to stop.
    pub async fn run(self) -> anyhow::Result<ExitCode> {
        match self {
            Self::Ozmap(city) => city.serve_ozmap().await,
            Self::Geogrid(city) => city.serve_geogrid().await,
            Self::Geosite(city) => city.serve().await,
        }
    }
}

fn read_faults(path: Option<&String>) -> Result<Vec<Fault>, simulators::Error> {
    path.map_or_else(|| Ok(Vec::new()), |path| faults::read_file(path))
}

impl City {
    async fn serve_ozmap(self) -> anyhow::Result<ExitCode> {
        let (stop, listener, faults) = self.ready().await?;
        let Self { boxes, seed, first_customer, .. } = self;
        let options = ozmap::Options { boxes, seed, first_customer, faults, ..ozmap::Options::default() };
        announce("ozmap", &listener, &options.api_key)?;
        ozmap::run(options, listener, stop.cancelled_owned()).await?;
        Ok(ExitCode::SUCCESS)
    }

    async fn serve_geogrid(self) -> anyhow::Result<ExitCode> {
        let (stop, listener, faults) = self.ready().await?;
        let Self { boxes, seed, first_customer, .. } = self;
        let options = geogrid::Options { boxes, seed, first_customer, faults, ..geogrid::Options::default() };
        announce("geogrid", &listener, &options.api_key)?;
        geogrid::run(options, listener, stop.cancelled_owned()).await?;
        Ok(ExitCode::SUCCESS)
    }

    /// When to stop, where it listens, and what goes wrong.
    async fn ready(&self) -> anyhow::Result<(CancellationToken, TcpListener, Vec<Fault>)> {
        let (stop, faults) = (told_to_stop()?, read_faults(self.faults.as_ref())?);
        Ok((stop, listen(self.listen, "--listen").await?, faults))
    }
}

fn announce(platform: &str, listener: &TcpListener, key: &str) -> anyhow::Result<()> {
    println!("{platform} http://{}", listener.local_addr()?);
    println!("key {key}");
    Ok(())
}

impl GeositeCity {
    async fn serve(self) -> anyhow::Result<ExitCode> {
        let stop = told_to_stop()?;
        let Self { listen: address, boxes, seed, first_customer, older, faults } = self;
        let installation = if older { geosite::Installation::Older } else { geosite::Installation::Usual };
        let faults = read_faults(faults.as_ref())?;
        let options =
            geosite::Options { boxes, seed, first_customer, installation, faults, ..geosite::Options::default() };
        let listener = listen(address, "--listen").await?;
        println!("geosite http://{}{}", listener.local_addr()?, geosite::BASE);
        println!("user {}", options.username);
        println!("password {}", options.password);
        geosite::run(options, listener, stop.cancelled_owned()).await?;
        Ok(ExitCode::SUCCESS)
    }
}
