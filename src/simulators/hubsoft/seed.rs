//! Customers for the demo: person *n* of [`simulators::people`], with service 1000 + *n*, as the simulators' codes have it.

use simulators::ozmap::FIRST_SERVICE;
use simulators::people;
use sqlx::PgPool;

/// Rows a statement.
const BATCH: u32 = 5_000;

const PLANS: [&str; 4] = ["Fibra 300 Mega", "Fibra 500 Mega", "Fibra 700 Mega", "Fibra 1 Giga"];

/// Makes up types of order, and customers 0 to `customers` with a service each. May be run again.
pub async fn seed(pool: &PgPool, customers: u32) -> Result<(), sqlx::Error> {
    sqlx::query(include_str!("sql/seed_order_types.sql")).execute(pool).await?;
    let mut from = 0;
    while from < customers {
        let to = customers.min(from + BATCH);
        batch(pool, from..to).await?;
        from = to;
    }
    Ok(())
}

async fn batch(pool: &PgPool, range: std::ops::Range<u32>) -> Result<(), sqlx::Error> {
    let numbers: Vec<i64> = range.map(i64::from).collect();
    let each = |make: &dyn Fn(u64) -> String| numbers.iter().map(|n| make(*n as u64)).collect::<Vec<_>>();
    let plus = |offset: i64| numbers.iter().map(|n| n + offset).collect::<Vec<_>>();
    let mut transaction = pool.begin().await?;
    sqlx::query(include_str!("sql/seed_customers.sql"))
        .bind(plus(1))
        .bind(plus(10_000))
        .bind(each(&people::name))
        .bind(each(&people::cpf))
        .bind(each(&|n| format!("(47) 90000-{:04}", n % 10_000)))
        .bind(each(&|n| format!("cliente{n}@example.com")))
        .execute(&mut *transaction)
        .await?;
    sqlx::query(include_str!("sql/seed_services.sql"))
        .bind(plus(FIRST_SERVICE))
        .bind(plus(1))
        .bind(each(&|n| PLANS[n as usize % PLANS.len()].to_owned()))
        .execute(&mut *transaction)
        .await?;
    transaction.commit().await
}
