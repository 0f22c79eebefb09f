/** The page around the widgets: a grid as wide as a dashboard's, a switch of theme, a choice of how often it is drawn anew. */
import { createHash } from "node:crypto";

export interface PageParts {
  readonly script: string;
  /** What the script needs to know. */
  readonly settings: unknown;
}

const style = `
:root{color-scheme:light;--page:#eef1ee;--pane:#ffffff;--text:#1b221e;--faint:#59645d;--edge:#d3dad4}
:root[data-theme=dark]{color-scheme:dark;--page:#0f1310;--pane:#1b211d;--text:#e6ece7;--faint:#9caaa0;--edge:#303932}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--text);font:14px/1.45 system-ui,-apple-system,"Segoe UI",sans-serif}
header{display:flex;flex-wrap:wrap;gap:8px 18px;align-items:center;padding:14px 20px}
h1{font-size:18px;margin:0 auto 0 0}
button,select{font:inherit;color:inherit;background:var(--pane);border:1px solid var(--faint);border-radius:7px;padding:4px 11px;cursor:pointer}
button[aria-pressed=true]{background:var(--text);color:var(--pane)}
:focus-visible{outline:2px solid #3184c2;outline-offset:2px}
main{display:grid;gap:10px;padding:0 20px 30px;grid-auto-rows:48px}
.widget{display:flex;flex-direction:column;background:var(--pane);border:1px solid var(--edge);border-radius:10px;overflow:hidden;min-width:0}
.widget>h2{font-size:13px;font-weight:600;color:var(--faint);margin:0;padding:9px 16px;border-bottom:1px solid var(--edge)}
.widget>div{flex:1;overflow:auto;min-height:0}
dialog{width:min(860px,94vw);max-height:88vh;padding:0;border:1px solid var(--edge);border-radius:12px;background:var(--pane);color:var(--text)}
dialog::backdrop{background:#0008}
dialog .bar{position:sticky;top:0;z-index:1;display:flex;justify-content:flex-end;gap:10px;padding:10px 14px;background:var(--pane)}
dialog p{margin:0;padding:18px 20px 6px}
@media (max-width:900px){main{display:flex;flex-direction:column}.widget{max-height:80vh}}
`;

/** What a widget brings along can be styled, and cannot run, load or send anything. */
const policyFor = (script: string): string =>
  `default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-${createHash("sha256").update(script).digest("base64")}'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'`;

export const dashboardPage = ({ script, settings }: PageParts): string => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policyFor(script)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<title>Rackwright: console</title>
<style>${style}</style>
</head>
<body>
<header>
<h1>Rackwright</h1>
<label>Refresh <select id="every"><option value="0">off</option><option value="10" selected>10 s</option><option value="60">1 min</option></select></label>
<button type="button" id="refresh">Refresh now</button>
<button type="button" id="theme" aria-pressed="false">Dark theme</button>
</header>
<main id="grid"></main>
<dialog id="popup" aria-label="What a widget shows"><div class="bar"><button type="button" id="close">Close</button></div><div id="shown"></div></dialog>
<dialog id="asking" aria-labelledby="question"><p id="question"></p><div class="bar"><button type="button" id="no">Cancel</button><button type="button" id="yes">Confirm</button></div></dialog>
<script type="application/json" id="settings">${JSON.stringify(settings).replaceAll("<", "\\u003c")}</script>
<script>${script}</script>
</body>
</html>
`;
