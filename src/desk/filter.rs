//! What a list of workflows is narrowed down by. The only place where a statement is built at run time.

use chrono::{DateTime, Utc};
use sea_query::{Alias, Condition, Expr, ExprTrait, JoinType, Order, PostgresQueryBuilder, Query, SelectStatement};
use sea_query_sqlx::{SqlxBinder, SqlxValues};
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

use super::{Caller, Refusal, check, kinds};

/// What a caller asked a list of workflows to be narrowed down by, as text.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Asked {
    /// Kinds, separated by commas.
    #[param(example = "bind,unbind")]
    pub kind: Option<String>,
    /// Statuses, separated by commas.
    #[param(example = "parked,waiting")]
    pub status: Option<String>,
    /// What is waited for, separated by commas. For a person, because: `attempts_spent`, `rejected`, `outcome_unknown`,
    /// `approval`, `bug`, `undecodable`, `going_in_circles`; else for an `upstream`, for a `key` that other work holds, or for
    /// a `time`.
    #[param(example = "outcome_unknown,approval")]
    pub reason: Option<String>,
    /// `id_integracao`: its syncs, and the work on ports of its project.
    #[param(example = "3")]
    pub integration: Option<String>,
    /// `id_porta_atendimento`.
    #[param(example = "812")]
    pub port: Option<String>,
    /// `id_cliente_servico`.
    #[param(example = "4411")]
    pub service: Option<String>,
    /// `id_cliente`: work for any of the customer's services.
    #[param(example = "77")]
    pub customer: Option<String>,
    /// A workflow's id; a port's, service's or order's number; words of `requested_by` or `dedup_id`; for those who act, of a
    /// customer's name too.
    pub q: Option<String>,
    /// Started at this time or later.
    #[param(example = "2026-11-23T00:00:00-03:00")]
    pub since: Option<String>,
    /// Started before this time.
    #[param(example = "2026-11-24T00:00:00-03:00")]
    pub until: Option<String>,
    /// The `next` of a former page.
    pub after: Option<String>,
    /// Most items of the page: 1 to 500, else 50.
    #[param(example = "50")]
    pub limit: Option<String>,
}

/// The same, checked.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    kinds: Vec<&'static str>,
    statuses: Vec<&'static str>,
    reasons: Vec<&'static str>,
    integration: Option<i64>,
    port: Option<i64>,
    service: Option<i64>,
    customer: Option<i64>,
    words: Option<String>,
    by_name: bool,
    since: Option<DateTime<Utc>>,
    until: Option<DateTime<Utc>>,
    after: Option<i64>,
    /// Items of the page.
    pub limit: u32,
    only_of: Option<Uuid>,
}

impl Filter {
    /// Checks what was asked, and keeps to what this caller may read.
    ///
    /// # Errors
    /// Names the parameter that cannot be taken.
    pub fn of(asked: &Asked, caller: &Caller) -> Result<Self, Refusal> {
        let number = |name, text: &Option<String>| text.as_deref().map(|t| check::number(name, t)).transpose();
        let time = |name, text: &Option<String>| text.as_deref().map(|t| check::time(name, t)).transpose();
        let some = |name, text: &Option<String>, known: &[&'static str]| {
            text.as_deref().map_or(Ok(Vec::new()), |text| kinds::some_of(name, text, known))
        };
        Ok(Self {
            kinds: some("kind", &asked.kind, &kinds::KINDS)?,
            statuses: some("status", &asked.status, &[kinds::UNFINISHED, kinds::ENDS].concat())?,
            reasons: some("reason", &asked.reason, &kinds::WAITS)?,
            integration: number("integration", &asked.integration)?,
            port: number("port", &asked.port)?,
            service: number("service", &asked.service)?,
            customer: number("customer", &asked.customer)?,
            words: asked.q.as_deref().map(|text| check::words("q", text)).transpose()?,
            by_name: matches!(caller.role, crate::tokens::Role::Operator | crate::tokens::Role::Admin),
            since: time("since", &asked.since)?,
            until: time("until", &asked.until)?,
            after: check::after(asked.after.as_deref())?,
            limit: check::limit(asked.limit.as_deref())?,
            only_of: caller.reads_only_of(),
        })
    }

    /// The statement that reads the page and one item more, newest first, with the view's columns that
    /// `engine::query::WorkflowRow` names.
    pub fn statement(&self) -> (String, SqlxValues) {
        let mut whole = Query::select();
        whole.expr(Expr::cust(COLUMNS)).from_subquery(self.page(), "page");
        whole.join_as(
            JoinType::InnerJoin,
            (Alias::new("enlace"), Alias::new("workflow")),
            "w",
            Expr::col(("w", "id")).equals(("page", "id")),
        );
        whole.order_by(("w", "seq"), Order::Desc);
        whole.build_sqlx(PostgresQueryBuilder)
    }

    /// The statement that counts all that match.
    pub fn counted(&self) -> (String, SqlxValues) {
        let mut all = Query::select();
        all.expr(Expr::cust("count(*)")).cond_where(self.conditions());
        self.from(&mut all);
        all.build_sqlx(PostgresQueryBuilder)
    }

    /// The statement that counts them by how they stand, with the columns that `engine::acts::Stands` names: what decides
    /// which acts make sense.
    pub fn stands(&self) -> (String, SqlxValues) {
        let mut all = Query::select();
        all.column(("o", "id")).cond_where(self.conditions());
        self.from(&mut all);
        let mut whole = Query::select();
        whole.expr(Expr::cust(STANDS)).expr(Expr::cust("count(*) as count")).from_subquery(all, "page");
        let workflow = (Alias::new("enlace"), Alias::new("workflow"));
        whole.join_as(JoinType::InnerJoin, workflow, "w", Expr::col(("w", "id")).equals(("page", "id")));
        whole.add_group_by((1..=7).map(|n| Expr::cust(n.to_string())));
        whole.build_sqlx(PostgresQueryBuilder)
    }

    /// The statement that reads the page's ids and numbers, newest first, and no item more.
    pub fn ids(&self) -> (String, SqlxValues) {
        let mut page = self.page();
        page.column(("o", "seq")).reset_limit().limit(u64::from(self.limit));
        page.build_sqlx(PostgresQueryBuilder)
    }

    /// The page's ids.
    fn page(&self) -> SelectStatement {
        let mut page = Query::select();
        page.column(("o", "id")).limit(u64::from(self.limit) + 1).cond_where(self.conditions());
        let few = self.from(&mut page);
        // Where the candidates are few, they are to be found first and sorted then: the sum keeps the planner from walking
        // the whole outbox backwards in search of them.
        let few = few || self.port.is_some() || self.service.is_some() || self.customer.is_some();
        let order = if few { "o.seq + 0" } else { "o.seq" };
        page.order_by_expr(Expr::cust(order), Order::Desc);
        page
    }

    /// Chooses where to look by the statuses that are wanted, which is what decides how many rows are touched (G14); whether
    /// the candidates are few.
    fn from(&self, page: &mut SelectStatement) -> bool {
        let enlace = |table: &'static str| (Alias::new("enlace"), Alias::new(table));
        let all_in = |known: &[&str]| !self.statuses.is_empty() && self.statuses.iter().all(|s| known.contains(s));
        let statuses = self.statuses.iter().copied();
        // Only what has not ended waits for anything.
        if all_in(&kinds::UNFINISHED) || !self.reasons.is_empty() {
            page.from_as(enlace("unfinished"), "o");
            if !self.statuses.is_empty() {
                page.and_where(Expr::col(("o", "status")).is_in(statuses));
            }
            return true;
        }
        page.from_as(enlace("outbox"), "o");
        if all_in(&kinds::ENDS) {
            let ended = Expr::col(("f", "id")).equals(("o", "id"));
            page.join_as(JoinType::InnerJoin, enlace("finished"), "f", ended);
            page.and_where(Expr::col(("f", "status")).is_in(statuses));
            return !self.statuses.contains(&"succeeded");
        }
        if !self.statuses.is_empty() {
            let same = Expr::col(("s", "id")).equals(("o", "id"));
            page.join_as(JoinType::InnerJoin, enlace("workflow"), "s", same);
            page.and_where(Expr::col(("s", "status")).is_in(statuses));
        }
        false
    }

    fn conditions(&self) -> Condition {
        let time = |at: DateTime<Utc>| Expr::val(at);
        Condition::all()
            .add_option((!self.kinds.is_empty()).then(|| Expr::col(("o", "kind")).is_in(self.kinds.iter().copied())))
            .add_option((!self.reasons.is_empty()).then(|| Expr::cust(WAITS_FOR).is_in(self.reasons.iter().copied())))
            .add_option(self.integration.map(|id| Expr::cust_with_values(OF_INTEGRATION, [id, id])))
            .add_option(self.port.map(|id| Expr::cust_with_values(OF_PORT, [id])))
            .add_option(self.service.map(|id| Expr::cust_with_values(OF_SERVICE, [id])))
            .add_option(self.customer.map(|id| Expr::cust_with_values(OF_CUSTOMER, [id])))
            .add_option(self.words.as_deref().map(|words| self.found_by(words)))
            .add_option(self.since.map(|at| Expr::col(("o", "enqueued_at")).gte(time(at))))
            .add_option(self.until.map(|at| Expr::col(("o", "enqueued_at")).lt(time(at))))
            .add_option(self.after.map(|seq| Expr::col(("o", "seq")).lt(seq)))
            .add_option(self.only_of.map(|token| Expr::cust_with_values(STARTED_BY, [token])))
    }

    fn found_by(&self, words: &str) -> Expr {
        if let Ok(id) = Uuid::parse_str(words) {
            return Expr::col(("o", "id")).eq(id);
        }
        if words.bytes().all(|byte| byte.is_ascii_digit()) {
            return Expr::cust_with_values(OF_NUMBER, [words, words, words, words, words]);
        }
        let like = format!("%{}%", words.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_"));
        match self.by_name {
            true => Expr::cust_with_values(OF_WORDS_OR_NAME, [like.as_str(), like.as_str(), like.as_str()]),
            false => Expr::cust_with_values(OF_WORDS, [like.as_str(), like.as_str()]),
        }
    }
}

const COLUMNS: &str = "w.id, w.seq, w.kind, w.version, w.status, w.state, enlace.explain(w) as explanation, w.payload, \
    w.result, w.error, w.requested_by, w.dedup_id, enlace.trace_id(w.id, w.traceparent) as trace_id, w.created_at, \
    w.started_at, w.ended_at, nullif(w.next_at, 'infinity') as next_at, w.parked, w.blockers, w.asked, w.taken_in, w.original, \
    case when w.status = 'parked' then w.parked when w.status not in ('queued', 'waiting') then null \
    when w.blockers > 0 then 'key' when w.upstream is not null then 'upstream' \
    when w.next_at > enlace.now() then 'time' end as waits_for";
const WAITS_FOR: &str = "(select case when r.worker is not null or r.status = 'paused' then null \
    when r.parked is not null then r.parked when r.blockers > 0 then 'key' when r.upstream is not null then 'upstream' \
    when r.due_at > enlace.now() then 'time' end from enlace.run r where r.id = o.id)";
const STANDS: &str =
    "w.kind, w.status, w.state, w.parked, least(w.blockers, 1::smallint) as blockers, w.asked, w.taken_in";
// A parameter between brackets would be taken for a name.
const OF_PORT: &str = "o.seq in (select enlace.trail_of(array(select $1::bigint), '{}'))";
const OF_SERVICE: &str = "o.seq in (select enlace.trail_of('{}', array(select $1::bigint)))";
const OF_CUSTOMER: &str = "o.seq in (select enlace.trail_of('{}', \
    array(select c.id_cliente_servico from hubsoft.customer_service c where c.id_cliente = $1)))";
const OF_INTEGRATION: &str = "((o.kind = 'sync' and o.payload -> 'id_integracao' = to_jsonb($1::bigint)) or exists ( \
    select from mapping.port p join mapping.box b using (id_caixa_optica) join mapping.integration i using (id_projeto) \
    where p.id_porta_atendimento = (o.payload ->> 'id_porta_atendimento')::bigint and i.id_integracao = $2))";
const OF_NUMBER: &str = "(o.payload ->> 'id_porta_atendimento' = $1 or o.payload ->> 'id_cliente_servico' = $2 \
    or o.payload ->> 'id_ordem_servico' = $3 or o.dedup_id = $4 or o.requested_by = $5)";
const OF_WORDS: &str = "(o.requested_by ilike $1 or o.dedup_id ilike $2)";
const OF_WORDS_OR_NAME: &str = "(o.requested_by ilike $1 or o.dedup_id ilike $2 or o.payload ->> 'id_cliente_servico' in ( \
    select s.id_cliente_servico::text from hubsoft.customer c join hubsoft.customer_service s using (id_cliente) \
    where c.nome_razaosocial ilike $3))";
const STARTED_BY: &str = "exists (select from enlace.token_started t where t.token = $1 and t.id = o.id)";
