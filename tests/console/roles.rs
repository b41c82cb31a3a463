//! Who may see and do what: every page with every role and with nobody, from the router's own table.

use enlace::{
    console::paths,
    tokens::Role::{self, Admin, Operator, Viewer},
};
use reqwest::{Method, header};

use super::{Console, Person};

type Who = Option<&'static [Role]>;

const READING: Who = Some(&[Viewer, Operator, Admin]);
const ACTING: Who = Some(&[Operator, Admin]);
const ADMINISTERING: Who = Some(&[Admin]);
/// The page does not take this method.
const NO: Who = None;

/// Each page, who may look at it (GET) and who may send it something (POST). One that is missing here fails the test.
const TABLE: &[(&str, Who, Who)] = &[
    ("/", READING, NO),
    ("/overview", READING, NO),
    ("/live", READING, NO),
    ("/logout", NO, READING),
    ("/search", READING, NO),
    ("/services/{id}", READING, NO),
    ("/ports/{id}", READING, NO),
    ("/boxes/{id}", READING, NO),
    ("/map", READING, ACTING),
    ("/map/boxes", READING, NO),
    ("/discrepancies", READING, ACTING),
    ("/discrepancies/all", ACTING, ACTING),
    ("/guards", READING, NO),
    ("/guards/{id}", READING, NO),
    ("/guards/{id}/{word}", NO, ACTING),
    ("/integrations", READING, NO),
    ("/integrations/new", ADMINISTERING, ADMINISTERING),
    ("/integrations/{id}", READING, NO),
    ("/integrations/{id}/live", READING, NO),
    ("/integrations/{id}/setup", ADMINISTERING, NO),
    ("/integrations/{id}/edit", ADMINISTERING, ADMINISTERING),
    ("/integrations/{id}/test", NO, ACTING),
    ("/integrations/{id}/sync", NO, ACTING),
    ("/integrations/{id}/elements", NO, ADMINISTERING),
    ("/integrations/{id}/project", NO, ADMINISTERING),
    ("/integrations/{id}/{act}", NO, ADMINISTERING),
    ("/integrations/{id}/upstream/{act}", NO, ACTING),
    ("/workflows", READING, NO),
    ("/workflows/{id}", READING, NO),
    ("/workflows/{id}/live", READING, NO),
    ("/workflows/{id}/acts", READING, NO),
    ("/workflows/{id}/act", NO, ACTING),
    ("/workflows/{id}/edit", ACTING, ACTING),
    ("/acts", READING, ACTING),
    ("/acts.csv", READING, NO),
    ("/acts/new", ACTING, NO),
    ("/acts/preview", NO, ACTING),
    ("/acts/{id}", READING, ACTING),
    ("/acts/{id}/live", READING, NO),
    ("/schedules", READING, NO),
    ("/schedules/{id}", NO, ACTING),
    ("/schedules/{id}/preview", NO, ACTING),
    ("/schedules/{id}/run", NO, ACTING),
    ("/tokens", ADMINISTERING, ADMINISTERING),
    ("/tokens/{id}/revoke", NO, ADMINISTERING),
    ("/about", READING, NO),
];

fn roles(method: &Method, path: &str) -> Who {
    let row = TABLE.iter().find(|(one, ..)| *one == path);
    let (_, get, post) = row.unwrap_or_else(|| panic!("nobody said for whom {path} is"));
    if method == Method::GET { *get } else { *post }
}

/// The pages that are for everybody, since nobody is signed in yet.
const OPEN: [&str; 2] = ["/login", "/preferences"];

/// The status of an answer whose body may never end, and where it sends to.
async fn status(
    console: &Console,
    person: Option<&Person<'_>>,
    method: &Method,
    path: &str,
    csrf: bool,
) -> (u16, String) {
    let mut request = console.client.request(method.clone(), format!("{}{path}", console.base));
    if let Some(person) = person {
        request = request.header(header::COOKIE, &person.cookie);
        if csrf {
            let form = form_urlencoded::Serializer::new(String::new()).append_pair("csrf", &person.csrf).finish();
            request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded").body(form);
        }
    }
    let answer = request.send().await.unwrap();
    let to = answer.headers().get(header::LOCATION).map_or("", |to| to.to_str().unwrap());
    (answer.status().as_u16(), to.to_owned())
}

#[tokio::test]
async fn every_page_is_for_its_roles_and_for_no_others() {
    let console = Console::start().await;
    let people = [
        (Role::Enqueue, console.sign_in(Viewer).await),
        (Viewer, console.sign_in(Viewer).await),
        (Operator, console.sign_in(Operator).await),
        (Admin, console.sign_in(Admin).await),
    ];
    // Nobody signs in with a program's token; a session of one would open nothing either.
    let sql = "update enlace.token set role = 'enqueue' where id = (select min(id::text)::uuid from enlace.token)";
    sqlx::query(sql).execute(&console.pool()).await.unwrap();
    let gone = TABLE.iter().filter(|(path, ..)| !paths().contains(path)).count();
    assert_eq!(gone, 0, "the table names pages that are not there");
    let mut tried = 0;
    for path in paths().into_iter().filter(|path| !OPEN.contains(path)) {
        for method in [Method::GET, Method::POST] {
            let concrete = path.replace("{id}", "7").replace("{word}", "approve").replace("{act}", "close");
            let Some(roles) = roles(&method, path) else {
                assert_eq!(
                    status(&console, Some(&people[3].1), &method, &concrete, true).await.0,
                    405,
                    "{method} {path}"
                );
                continue;
            };
            let nobody = status(&console, None, &method, &concrete, false).await;
            assert!(nobody.0 == 303 && nobody.1.starts_with("/login"), "{method} {path} as nobody: {nobody:?}");
            for (role, person) in &people {
                let may = roles.contains(role);
                if method == Method::POST {
                    let forged = status(&console, Some(person), &method, &concrete, false).await;
                    assert_eq!(forged.0, 403, "{method} {path} as {role} by another site");
                }
                if path != "/logout" {
                    let (got, to) = status(&console, Some(person), &method, &concrete, true).await;
                    let let_in = got != 403 && !to.starts_with("/login") && got < 500;
                    assert_eq!(let_in, may, "{method} {path} as {role}: {got} {to}");
                }
                tried += 1;
            }
        }
    }
    assert!(tried >= 200, "only {tried}");
}
