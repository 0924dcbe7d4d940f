/** What `GET /` shows. */
export const HOME_PAGE = `<!DOCTYPE html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <title>Your Azure Function App is up and running.</title>
    <style>
      body { font: 16px/1.5 system-ui, sans-serif; max-width: 40rem; margin: 4rem auto; padding: 0 1rem; }
      code { background: #eee; padding: 0 .25rem; }
    </style>
  </head>
  <body>
    <h1>Your Azure Function App is up and running.</h1>
    <p>It is served by the embedded host of this machine.</p>
    <p>Its functions are listed at <a href="/admin/functions"><code>/admin/functions</code></a>, the state of the host
    at <a href="/admin/host/status"><code>/admin/host/status</code></a>.</p>
  </body>
</html>
`;
