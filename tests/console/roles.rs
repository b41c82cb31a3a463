//! Who may see and do what: every page with every role and with nobody, from the router's own table.

use enlace::{
    console::paths,
    tokens::Role::{self, Admin, Operator, Viewer},
};
use reqwest::{Method, header};

use super::{Console, Person};

/// Which roles a page is for; `None`: it does not take this method. A page that is missing here fails the test.
fn roles(method: &Method, path: &str) -> Option<&'static [Role]> {
    const READING: &[Role] = &[Viewer, Operator, Admin];
    const ACTING: &[Role] = &[Operator, Admin];
    const ADMINISTERING: &[Role] = &[Admin];
    match (method.as_str(), path) {
        (
            "GET",
            "/"
            | "/overview"
            | "/live"
            | "/workflows"
            | "/workflows/{id}"
            | "/workflows/{id}/live"
            | "/workflows/{id}/acts",
        )
        | ("GET", "/acts" | "/acts.csv" | "/acts/{id}" | "/acts/{id}/live" | "/schedules" | "/about")
        | ("GET", "/search" | "/services/{id}" | "/ports/{id}" | "/boxes/{id}" | "/map" | "/map/boxes")
        | ("GET", "/integrations" | "/integrations/{id}" | "/integrations/{id}/live")
        | ("GET", "/discrepancies" | "/guards" | "/guards/{id}")
        | ("POST", "/logout") => Some(READING),
        ("GET" | "POST", "/workflows/{id}/edit")
        | ("GET", "/acts/new")
        | ("POST", "/workflows/{id}/act" | "/acts" | "/acts/preview" | "/acts/{id}")
        | ("POST", "/schedules/{id}" | "/schedules/{id}/preview" | "/schedules/{id}/run") => Some(ACTING),
        ("POST", "/map" | "/discrepancies" | "/guards/{id}/{word}")
        | ("GET" | "POST", "/discrepancies/all")
        | ("POST", "/integrations/{id}/sync" | "/integrations/{id}/test" | "/integrations/{id}/upstream/{act}") => Some(ACTING),
        ("GET" | "POST", "/integrations/new" | "/integrations/{id}/edit")
        | ("GET", "/integrations/{id}/setup")
        | ("POST", "/integrations/{id}/elements" | "/integrations/{id}/project" | "/integrations/{id}/{act}") => {
            Some(ADMINISTERING)
        }
        ("GET" | "POST", "/tokens") | ("POST", "/tokens/{id}/revoke") => Some(ADMINISTERING),
        (
            "POST",
            "/overview"
            | "/"
            | "/live"
            | "/workflows"
            | "/workflows/{id}"
            | "/workflows/{id}/live"
            | "/workflows/{id}/acts",
        )
        | ("POST", "/search" | "/services/{id}" | "/ports/{id}" | "/boxes/{id}" | "/map/boxes" | "/guards" | "/guards/{id}")
        | ("POST", "/integrations" | "/integrations/{id}" | "/integrations/{id}/live" | "/integrations/{id}/setup")
        | ("GET", "/guards/{id}/{word}" | "/integrations/{id}/sync" | "/integrations/{id}/test")
        | ("GET", "/integrations/{id}/elements" | "/integrations/{id}/project" | "/integrations/{id}/{act}")
        | ("GET", "/integrations/{id}/upstream/{act}")
        | ("POST", "/acts.csv" | "/acts/new" | "/acts/{id}/live" | "/schedules" | "/about")
        | ("GET", "/logout" | "/preferences" | "/workflows/{id}/act" | "/acts/preview" | "/tokens/{id}/revoke")
        | ("GET", "/schedules/{id}" | "/schedules/{id}/preview" | "/schedules/{id}/run") => None,
        other => panic!("nobody said for whom {other:?} is"),
    }
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
    let mut tried = 0;
    for path in paths().into_iter().filter(|path| !OPEN.contains(path)) {
        for method in [Method::GET, Method::POST] {
            let concrete = path.replace("{id}", "7");
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
    assert!(tried >= 100, "only {tried}");
}
