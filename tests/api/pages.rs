//! The pages beside the API: they load without a token, ask nobody else for anything, and run nothing but their own files.

use reqwest::Method;

use super::{Api, answer};

#[tokio::test]
async fn the_api_can_be_browsed_from_this_host_alone() {
    let api = Api::start().await;
    let page = answer(api.request(Method::GET, "/docs")).await.expect(200);
    let html = page.body.as_str().unwrap().to_owned();
    let policy = page.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.starts_with("default-src 'none'; script-src 'self';") && !policy.contains("unsafe"), "{policy}");
    let quoted = html.replace("href=", "src=");
    let files: Vec<&str> = quoted.split("src=\"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    assert!(files.len() >= 4 && !html.contains("<script>") && !html.contains(" style="), "{html}");
    for file in files {
        assert!(file.starts_with("docs/"), "{file}");
        let loaded = api.request(Method::GET, &format!("/{file}")).send().await.unwrap();
        assert_eq!(loaded.status(), 200, "{file}");
        let kind = loaded.headers()["content-type"].to_str().unwrap().to_owned();
        let bytes = loaded.bytes().await.unwrap();
        assert!(bytes.len() > 300 && !kind.is_empty(), "{file}");
    }
    answer(api.request(Method::GET, "/docs/swagger-initializer.js")).await.refused(404, "not-found", None);
}

#[tokio::test]
async fn every_sort_of_problem_has_a_page_that_says_what_to_do() {
    let api = Api::start().await;
    let document = api.get("/openapi.json").await.expect(200).body;
    let problems = document["paths"]["/api/v1/workflows"]["post"]["responses"].as_object().unwrap();
    let mut sorts = 0;
    for (status, problem) in problems.iter().filter(|(status, _)| status.as_str() >= "400") {
        let example = &problem["content"]["application/problem+json"]["example"];
        let page = answer(api.request(Method::GET, example["help"].as_str().unwrap().strip_prefix("/api/v1").unwrap()));
        let page = page.await.expect(200);
        let html = page.body.as_str().unwrap();
        let told = ["title", "title_pt", "type"].iter().all(|key| html.contains(example[key].as_str().unwrap()));
        assert!(told && html.contains(&format!("HTTP {status}")) && !html.contains("{{"), "{html}");
        assert!(example["detail_pt"].is_string(), "{example}");
        sorts += 1;
    }
    assert!(sorts >= 13, "{sorts}");
    answer(api.request(Method::GET, "/problems/mars")).await.refused(404, "not-found", None);
}
