// A file of its own, because the page lets no inline script run.
SwaggerUIBundle({url: 'v3/api-docs', dom_id: '#page', deepLinking: true, tryItOutEnabled: true, validatorUrl: null});
