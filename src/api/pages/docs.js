// Reads the API's description with the token of whoever looks at it, shows it, and sends the token with what is tried there.
"use strict";

const form = document.getElementById("sign-in");
const said = document.getElementById("said");

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  said.textContent = "";
  const authorization = `Bearer ${form.elements.token.value.trim()}`;
  try {
    const answer = await fetch("openapi.json", { headers: { Authorization: authorization } });
    const told = await answer.json();
    if (!answer.ok) {
      said.textContent = `${told.detail_pt ?? told.title_pt} / ${told.detail}`;
      return;
    }
    form.hidden = true;
    SwaggerUIBundle({
      spec: told,
      dom_id: "#document",
      deepLinking: true,
      filter: true,
      // Nobody else is asked whether the document is valid.
      validatorUrl: null,
      requestInterceptor: (request) => {
        request.headers.Authorization = authorization;
        return request;
      },
    });
  } catch (error) {
    said.textContent = `O servidor não respondeu: ${error.message} / The server did not answer: ${error.message}`;
  }
});
