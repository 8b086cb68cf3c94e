// Shows the API reference with Swagger UI.
"use strict";

const place = document.getElementById("reference");

const ui = SwaggerUIBundle({
  domNode: place,
  url: "/_mock/openapi.json",
  deepLinking: true,
  displayOperationId: true,
  filter: true,
  tryItOutEnabled: true,
  defaultModelsExpandDepth: 0,
  validatorUrl: null, // or it would ask a server elsewhere
  presets: [SwaggerUIBundle.presets.apis],
  onComplete() {
    const { apiKey, accessToken } = place.dataset;
    if (apiKey) ui.preauthorizeApiKey("apiKey", apiKey);
    if (accessToken) {
      const schema = { type: "oauth2", flow: "authorizationCode", description: "The mock's own access token." };
      const token = { access_token: accessToken, token_type: "Bearer" };
      ui.getSystem().authActions.authorizeOauth2({ auth: { name: "oauth2", schema }, token });
    }
  },
});
