//! What changes, as it changes: server-sent events.

use std::{convert::Infallible, sync::Arc, time::Duration};

use axum::{
    extract::State,
    http::header,
    response::{
        IntoResponse, Response,
        sse::{self, KeepAlive, Sse},
    },
};
use engine::clock;
use futures_util::{Stream, StreamExt, stream};

use super::{
    ApiState,
    caller::{May, Reading},
    problem::Problems,
};
use crate::desk::live::{Event, Hub, Listener};

/// So often a stream shows that it is alive where there is nothing to tell.
const ALIVE: Duration = Duration::from_secs(15);
/// A stream ends after that: a token that was taken back meanwhile opens no other.
const LONGEST: Duration = Duration::from_secs(15 * 60);
/// How soon a listener comes back by itself.
const RETRY: Duration = Duration::from_secs(2);

/// Listen to what changes
///
/// Server-sent events. `workflow` `{id, kind, status, state}`; `sync` `{id, id_integracao, progress}`; `upstream`: what `GET /upstreams`
/// shows of it; `acts` `{id, action, status, total, done, skipped, failed}`: how far an act on many is; `board`: a number of the overview
/// is another; `more`: more has changed than is told, read anew what you show. `more` also comes first, and whenever a listener was too
/// slow. Events come within about a second, name nobody, and are no record: what matters is read from the other calls. A stream ends
/// after a quarter of an hour; the browser's `EventSource` comes back by itself.
#[utoipa::path(get, path = "/events", tag = "events",
    responses((status = 200, description = "Events until one of both goes", body = String, content_type = "text/event-stream",
        example = "event: workflow\ndata: {\"id\":\"01920000-0000-7000-8000-000000000000\",\"kind\":\"bind\",\"status\":\"running\",\"state\":\"looking\"}\n\n"),
        Problems))]
pub async fn listen(_: May<Reading>, State(state): State<ApiState>) -> Response {
    stream(&state.live, true, |_| true)
}

/// A stream of those events of the hub that somebody wants, of single workflows among them or not, and of [`Event::More`].
pub fn stream(hub: &Hub, singles: bool, wanted: impl Fn(&Event) -> bool + Send + 'static) -> Response {
    let stream = Sse::new(told(hub, singles, wanted)).keep_alive(KeepAlive::new().interval(ALIVE));
    // Some proxies hold back what they could send at once.
    ([(header::CACHE_CONTROL, "no-store"), (X_ACCEL_BUFFERING, "no")], stream).into_response()
}

const X_ACCEL_BUFFERING: header::HeaderName = header::HeaderName::from_static("x-accel-buffering");

/// What the hub tells, beginning with [`Event::More`], until the process stops.
fn told<F>(hub: &Hub, singles: bool, wanted: F) -> impl Stream<Item = Result<sse::Event, Infallible>> + use<F>
where
    F: Fn(&Event) -> bool + Send + 'static,
{
    let (listening, stop) = (hub.subscribe(singles), hub.stop().clone());
    let first = stream::once(async { Arc::new(Event::More) });
    let ends = async move {
        tokio::select! { () = stop.cancelled() => {}, () = clock::sleep(LONGEST) => {} }
    };
    let all = first.chain(stream::unfold(listening, next));
    let wanted = all.filter(move |event| std::future::ready(**event == Event::More || wanted(event)));
    wanted.map(|event| Ok(written(&event))).take_until(ends)
}

async fn next(mut listening: Listener) -> Option<(Arc<Event>, Listener)> {
    let event = listening.next().await?;
    Some((event, listening))
}

fn written(event: &Event) -> sse::Event {
    // JSON of one line: nothing in it can end the event.
    sse::Event::default().event(event.name()).data(event.data().to_string()).retry(RETRY)
}
