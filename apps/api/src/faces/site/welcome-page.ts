/** Static: it says nothing about who asks, and needs no script. */
export const welcomePage = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Runnel</title>
<style>
  body { font: 16px/1.6 system-ui, sans-serif; max-width: 44rem; margin: 3rem auto; padding: 0 1rem; color: #1c2733; background: #fbfcfd }
  h1 { font-weight: 600; margin-bottom: 0 }
  code { background: #eef2f5; padding: .1em .3em; border-radius: 3px }
  table { border-collapse: collapse; width: 100%; margin: 1.5rem 0 }
  td { border-top: 1px solid #dde4ea; padding: .5rem .8rem .5rem 0; vertical-align: top }
  a { color: #0b5cad }
</style>
<h1>Runnel</h1>
<p>Runs CWL workflows for many workspaces: deploy one, execute it, follow it, get its results.</p>
<table>
  <tr><td><a href="/console"><code>/console</code></a></td><td>The web console: runs as they go, their graphs, logs and results; processes, with a form for each.</td></tr>
  <tr><td><code>/{workspace}/ogc-api</code></td><td>OGC API &ndash; Processes: processes and jobs of a workspace. Every page of it links on.</td></tr>
  <tr><td><a href="/api/docs/workflow-runner"><code>/api/catalogue/stac/catalogs/user/catalogs/{workspace}</code></a></td><td>The same as clients of EODH know it (pyeodh), and the STAC catalogue of results.</td></tr>
  <tr><td><a href="/api/docs"><code>/api/v1</code></a></td><td>Runs, steps, logs, live events, usage, tokens. Described at <a href="/api/docs">/api/docs</a> (OpenAPI).</td></tr>
  <tr><td><code>/workspaces/{workspace}/files/&hellip;</code></td><td>Files of a workspace: put, get, list. A workflow&rsquo;s input may name such an address.</td></tr>
  <tr><td><a href="/health/ready"><code>/health/ready</code></a></td><td>Whether everything this service needs is there. Figures are at <a href="/metrics">/metrics</a>.</td></tr>
</table>
<p>Everything but descriptions needs a token: <code>Authorization: Bearer rnl_&hellip;</code>. Who runs this service makes one with
<code>runnel token create --workspace NAME</code>. From the command line: <code>runnel deploy app.cwl</code>, <code>runnel run app inputs.json</code>.</p>
</html>
`;
