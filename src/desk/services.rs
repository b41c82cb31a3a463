//! A customer's service: what HubSoft says of it, where it sits, what the platform was last seen to say, and every work that
//! touched it. The first question at an ISP's desk is "why is this customer not on the map yet?", so its answer stands first.

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::PgPool;
use utoipa::ToSchema;

use super::{
    Caller, Items, Refusal,
    answer::{self, Answer},
    discrepancies::{self, Discrepancy},
    filter, looked, mask,
    ports::{self, Of, Port},
    workflows::{self, Summary},
};

/// Most orders that are shown.
const ORDERS: i64 = 50;

/// A service, with whose it is.
#[derive(Clone, Debug, Serialize, ToSchema, sqlx::FromRow)]
#[schema(as = CustomerService)]
pub struct Service {
    /// Its number.
    #[schema(example = 4411)]
    pub id_cliente_servico: i64,
    /// The customer.
    pub id_cliente: i64,
    /// The ISP's own number of the customer.
    pub codigo_cliente: Option<String>,
    /// The customer's name; masked for all but the role `admin`.
    pub nome_razaosocial: Option<String>,
    /// The customer's document; masked likewise.
    pub cpf_cnpj: Option<String>,
    /// `pf` a person, `pj` a company.
    pub tipo_pessoa: Option<String>,
    /// Which of the customer's plans.
    pub numero_plano: Option<i64>,
    /// The plan.
    #[schema(example = "Fibra 600")]
    pub descricao: Option<String>,
    /// HubSoft's status of it.
    #[schema(example = "servico_habilitado")]
    pub status_prefixo: Option<String>,
    /// When it was cancelled.
    pub data_cancelamento: Option<DateTime<Utc>>,
    /// Degrees north.
    pub latitude: Option<f64>,
    /// Degrees east.
    pub longitude: Option<f64>,
}

impl Service {
    /// Whether HubSoft has it cancelled (rule S4).
    pub fn is_cancelled(&self) -> bool {
        self.data_cancelamento.is_some() || self.status_prefixo.as_deref() == Some("cancelado")
    }
}

/// An order for a service.
#[derive(Clone, Debug, Serialize, ToSchema, sqlx::FromRow)]
#[schema(as = ServiceOrder)]
pub struct Order {
    /// Its number.
    pub id_ordem_servico: i64,
    /// What the ISP calls its type.
    pub tipo: Option<String>,
    /// Orders of this type take the equipment out (rule B5).
    pub retirada: bool,
    /// `pendente`, `aguardando_agendamento`, `finalizado`.
    pub status: String,
    /// `concluido`, `sem_conclusao`; null while it is open.
    pub status_fechamento: Option<String>,
    /// When it was finished.
    pub data_termino_executado: Option<DateTime<Utc>>,
}

/// A service, whole.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ServiceShown {
    /// What HubSoft says of it.
    #[serde(flatten)]
    pub service: Service,
    /// Whether the platform shows the customer where HubSoft has him, and if not, why not.
    pub answer: Answer,
    /// The ports that HubSoft has it on: one, or none; more where the project allows it.
    pub ports: Vec<Port>,
    /// Differences about those ports that nobody has settled.
    pub discrepancies: Vec<Discrepancy>,
    /// Its orders, newest first.
    pub orders: Vec<Order>,
    /// What touched it, newest first; more of it at `/workflows?service=`.
    pub workflows: Vec<Summary>,
}

/// One service, whole.
///
/// # Errors
/// [`Refusal::Missing`] where there is none of this number.
pub async fn show(pool: &PgPool, caller: &Caller, id: i64) -> Result<ServiceShown, Refusal> {
    let query = sqlx::query_as(include_str!("sql/service_shown.sql")).bind(id);
    let missing = || {
        Refusal::Missing(format!("o HubSoft não tem um serviço de cliente {id} / HubSoft has no customer service {id}"))
    };
    let mut service: Service = query.fetch_optional(pool).await?.ok_or_else(missing)?;
    if caller.sees_people() {
        looked::at_many(pool, caller, "services", &[id]).await?;
    }
    service.nome_razaosocial.iter_mut().chain(&mut service.cpf_cnpj).for_each(|text| mask::person(caller, text));
    let ports = ports::read(pool, caller, Of::Service(id)).await?;
    let mut differences = Vec::new();
    for port in ports.iter().filter(|port| port.differs) {
        let asked = discrepancies::Asked { port: Some(port.id_porta_atendimento.to_string()), ..Default::default() };
        differences.extend(discrepancies::list(pool, caller, &asked).await?.items);
    }
    let asked = filter::Asked { service: Some(id.to_string()), ..Default::default() };
    let Items { items: workflows, .. } = workflows::list(pool, caller, &asked).await?;
    let orders = sqlx::query_as(include_str!("sql/service_orders.sql")).bind(id).bind(ORDERS).fetch_all(pool).await?;
    let answer = answer::of_service(&service, &ports, &workflows, differences.first());
    Ok(ServiceShown { service, answer, ports, discrepancies: differences, orders, workflows })
}
