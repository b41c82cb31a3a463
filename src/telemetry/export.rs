//! Sending spans to a collector, over OTLP. Beside the work, never in its way: what cannot be sent in time is dropped and
//! counted, and what was handed over before an orderly stop is sent before the process ends.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use engine::{
    clock,
    db::{ANSWER, within},
    watch::{Seen, Watch},
};
use metrics::counter;
use opentelemetry_otlp::{ExporterBuildError, Protocol, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::{
    Resource,
    trace::{SpanData, SpanExporter as _},
};
use secrecy::ExposeSecret;
use sqlx::PgPool;
use tokio::{sync::mpsc, task::JoinHandle};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{
    context::{Context, own_trace, sampled},
    spans::{self, Place},
};
use crate::settings::Otlp;

/// Attempts and requests that wait to be sent, at most: some seconds of a busy worker.
const WAITING: usize = 50_000;
/// Sent in one request, at most.
const BATCH: usize = 500;
/// How long spans are gathered.
const GATHER: Duration = Duration::from_millis(500);
/// How long the collector may take for one request.
const PATIENCE: Duration = Duration::from_secs(3);
/// How often a batch is offered before it is dropped.
const TRIES: u32 = 3;

/// What is told of.
enum Told {
    Attempt(Seen),
    Request(SpanData),
}

/// The way to the collector.
pub struct Traces {
    door: mpsc::Sender<Told>,
    stop: CancellationToken,
    sending: Mutex<Option<JoinHandle<()>>>,
    ratio: f64,
}

impl Traces {
    /// Begins to send. The workflows' traces are looked up in `pool`.
    ///
    /// # Errors
    /// When there can be no client for this endpoint.
    pub fn start(settings: &Otlp, pool: PgPool) -> Result<Arc<Self>, ExporterBuildError> {
        let headers = settings.headers.iter().map(|(name, value)| (name.clone(), value.expose_secret().to_owned()));
        let mut exporter = SpanExporter::builder()
            .with_http()
            .with_protocol(Protocol::HttpBinary)
            .with_endpoint(&settings.endpoint)
            .with_headers(headers.collect())
            .with_timeout(PATIENCE)
            .build()?;
        exporter.set_resource(&Resource::builder_empty().with_service_name("enlace").build());
        // In the metrics at nought: that none was dropped is worth knowing.
        counter!("enlace_traces_dropped_total").increment(0);
        let (door, arriving) = mpsc::channel(WAITING);
        let stop = CancellationToken::new();
        let sender = Sender { exporter: Arc::new(exporter), pool, ratio: settings.sample_ratio, stop: stop.clone() };
        let sending = Mutex::new(Some(tokio::spawn(sender.serve(arriving))));
        Ok(Arc::new(Self { door, stop, sending, ratio: settings.sample_ratio }))
    }

    /// Hands a span over that is complete, and sampled.
    pub fn request(&self, span: SpanData) {
        self.hand_over(Told::Request(span));
    }

    /// The share of traces that is sent.
    pub fn ratio(&self) -> f64 {
        self.ratio
    }

    fn hand_over(&self, told: Told) {
        if self.door.try_send(told).is_err() {
            counter!("enlace_traces_dropped_total").increment(1);
        }
    }

    /// Sends what was handed over so far, and ends.
    pub async fn finish(&self) {
        self.stop.cancel();
        let sending = self.sending.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(Err(error)) = match sending {
            Some(sending) => Some(sending.await),
            None => None,
        } {
            tracing::error!(%error, "the export of traces ended badly");
        }
    }
}

impl Watch for Traces {
    fn recorded(&self, seen: Seen) {
        self.hand_over(Told::Attempt(seen));
    }
}

/// The task that sends.
struct Sender {
    exporter: Arc<SpanExporter>,
    pool: PgPool,
    ratio: f64,
    stop: CancellationToken,
}

impl Sender {
    async fn serve(self, mut arriving: mpsc::Receiver<Told>) {
        let mut batch = Vec::new();
        loop {
            let stopped = tokio::select! {
                _count = arriving.recv_many(&mut batch, BATCH) => self.stop.is_cancelled(),
                () = self.stop.cancelled() => true,
            };
            if !stopped && batch.len() < BATCH {
                tokio::select! {
                    () = clock::sleep(GATHER) => {}
                    () = self.stop.cancelled() => {}
                }
            }
            while batch.len() < BATCH
                && let Ok(told) = arriving.try_recv()
            {
                batch.push(told);
            }
            if stopped && batch.is_empty() {
                return;
            }
            self.send(std::mem::take(&mut batch)).await;
        }
    }

    async fn send(&self, batch: Vec<Told>) {
        let ids = batch.iter().filter_map(|told| match told {
            Told::Attempt(seen) => Some(seen.id),
            Told::Request(_) => None,
        });
        let Some(callers) = self.callers(ids.collect()).await else {
            counter!("enlace_traces_dropped_total").increment(batch.len() as u64);
            return;
        };
        let mut all = Vec::new();
        for told in batch {
            match told {
                Told::Request(span) => all.push(span),
                Told::Attempt(seen) => {
                    if let Some(place) = self.place(seen.id, callers.get(&seen.id)) {
                        all.extend(spans::of(&seen, place));
                    }
                }
            }
        }
        if !all.is_empty() {
            self.export(all).await;
        }
    }

    /// Where a workflow belongs; `None`: its trace is not sent.
    fn place(&self, id: Uuid, caller: Option<&Context>) -> Option<Place> {
        match caller {
            Some(caller) => caller.sampled.then_some(Place { trace: caller.trace, caller: Some(caller.span) }),
            None => {
                let trace = own_trace(id);
                sampled(trace, self.ratio).then_some(Place { trace, caller: None })
            }
        }
    }

    /// What callers said of these workflows' traces; `None`: it cannot be read.
    async fn callers(&self, ids: Vec<Uuid>) -> Option<HashMap<Uuid, Context>> {
        if ids.is_empty() {
            return Some(HashMap::new());
        }
        for _ in 0..TRIES {
            let rows = sqlx::query_as(include_str!("sql/traceparents.sql")).bind(&ids).fetch_all(&self.pool);
            let rows: sqlx::Result<Vec<(Uuid, Option<String>)>> = within(ANSWER, rows).await;
            match rows {
                Ok(rows) => {
                    let context = |(id, text): (Uuid, Option<String>)| Some((id, Context::of(&text?)?));
                    return Some(rows.into_iter().filter_map(context).collect());
                }
                Err(error) => tracing::debug!(%error, "the traces of workflows could not be read"),
            }
            self.rest().await;
        }
        None
    }

    async fn export(&self, spans: Vec<SpanData>) {
        let count = spans.len() as u64;
        for tries in 1..=TRIES {
            let (exporter, spans) = (Arc::clone(&self.exporter), spans.clone());
            // A client that blocks, on a thread that may: the other kind loses every span without a word.
            let sent = tokio::task::spawn_blocking(move || futures_executor::block_on(exporter.export(spans))).await;
            match sent {
                Ok(Ok(())) => return counter!("enlace_spans_sent_total").increment(count),
                Ok(Err(error)) => tracing::warn!(%error, spans = count, tries, "the collector did not take spans"),
                Err(error) => tracing::error!(%error, "the export of spans ended badly"),
            }
            if self.stop.is_cancelled() {
                break;
            }
            self.rest().await;
        }
        counter!("enlace_traces_dropped_total").increment(count);
    }

    async fn rest(&self) {
        tokio::select! {
            () = clock::sleep(Duration::from_secs(1)) => {}
            () = self.stop.cancelled() => {}
        }
    }
}
