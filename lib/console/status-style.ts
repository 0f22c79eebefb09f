/** The status page's style: calm, one colour for each state, light and dark. What rests is quiet, what hangs is not. */

/** Every ink here can be read on every ground: a test holds them to a contrast of 4.5 (WCAG 2.2, 1.4.3). */
export const palettes = {
  light: {
    grounds: { ground: "#f4f6f4", card: "#ffffff" },
    inks: {
      ink: "#1b221e",
      soft: "#59645d",
      available: "#287046",
      "in-use": "#855300",
      reserved: "#6455b0",
      loading: "#1c66a6",
      configuring: "#0b6f7b",
      capturing: "#9a3f8f",
      reclaiming: "#6c6000",
      enrolled: "#5a6673",
      maintenance: "#5d646c",
      retired: "#5d646c",
      quarantined: "#b3261e",
    },
    lines: { line: "#dde3de" },
  },
  dark: {
    grounds: { ground: "#121613", card: "#1b211d" },
    inks: {
      ink: "#e6ece7",
      soft: "#9caaa0",
      available: "#6fcf97",
      "in-use": "#e8b45a",
      reserved: "#b6abf6",
      loading: "#7cbcf2",
      configuring: "#63d0dc",
      capturing: "#e79bdc",
      reclaiming: "#d3c554",
      enrolled: "#a5b3c2",
      maintenance: "#a9b0b8",
      retired: "#a9b0b8",
      quarantined: "#ff8f85",
    },
    lines: { line: "#303932" },
  },
} as const;

export const stateNames = [
  "available",
  "in-use",
  "reserved",
  "loading",
  "configuring",
  "capturing",
  "reclaiming",
  "enrolled",
  "maintenance",
  "retired",
  "quarantined",
] as const;

const variables = ({ grounds, inks, lines }: (typeof palettes)["light" | "dark"]): string =>
  Object.entries({ ...grounds, ...inks, ...lines })
    .map(([name, colour]) => `--${name}:${colour};`)
    .join("");
const colours = stateNames.map((state) => `.s-${state}{--c:var(--${state})}`).join("\n");
const highlights = stateNames
  .map((state) => `[data-only="${state}"] .tile:not(.s-${state}){opacity:.22}`)
  .join("\n");

export const style = `
:root{color-scheme:light dark;${variables(palettes.light)}--c:var(--soft)}
@media (prefers-color-scheme:dark){:root{${variables(palettes.dark)}}}
${colours}
${highlights}
*{box-sizing:border-box}
[hidden]{display:none!important}
body{margin:0;background:var(--ground);color:var(--ink);font:15px/1.45 system-ui,-apple-system,"Segoe UI",sans-serif;font-variant-numeric:tabular-nums}
header{display:flex;flex-wrap:wrap;gap:4px 16px;align-items:baseline;padding:22px 28px 0}
h1{font-size:21px;margin:0;letter-spacing:-.01em}
h2{font-size:13px;font-weight:600;color:var(--soft);margin:28px 0 8px}
h3{font-size:13px;font-weight:600;margin:16px 0 8px}
main{padding:0 28px 56px;max-width:1900px}
a{color:inherit;text-decoration:none}
button{font:inherit;color:inherit;background:none;border:1px solid var(--line);border-radius:7px;padding:3px 11px;cursor:pointer}
button:hover{border-color:var(--soft)}
:focus-visible{outline:2px solid var(--loading);outline-offset:2px}
h2:focus-visible{outline:none}
.soft,.calm,.why,.phase{color:var(--soft)}
.soft,.why,.fault,.doing{font-size:13px}
.calm{margin:4px 0}
#attention .calm{margin:16px 2px 0}
.ok{color:var(--available);font-size:13px}
.ok::before{content:"";display:inline-block;width:7px;height:7px;border-radius:50%;background:currentColor;margin-right:7px;animation:breathe 3s ease-in-out infinite}
@keyframes breathe{50%{opacity:.35}}
.fault{color:var(--quarantined)}
.name,.state{font-weight:600}
.name,.why,.fault,.soft,.because,dd,blockquote,code{unicode-bidi:isolate;overflow-wrap:anywhere}
.row{display:flex;justify-content:space-between;gap:10px;align-items:baseline}
.state{color:var(--c);white-space:nowrap}
#counts{margin:16px 0 0}
.share{display:flex;gap:2px;height:10px;border-radius:5px;overflow:hidden}
.share i{background:var(--c);min-width:4px;transition:flex-grow .6s}
.legend{display:flex;flex-wrap:wrap;gap:6px;margin-top:10px}
.count{border-color:transparent;padding:2px 9px 2px 8px;font-size:13px;color:var(--soft)}
.count b{color:var(--ink);font-size:15px}
.count::before{content:"";display:inline-block;width:9px;height:9px;border-radius:3px;background:var(--c);margin-right:7px}
.count[aria-pressed=true]{border-color:var(--c);background:var(--card)}
.worries{list-style:none;margin:18px 0 0;padding:0;max-height:40vh;overflow:auto;background:var(--card);border:1px solid var(--line);border-radius:10px}
.worries li{display:grid;grid-template-columns:minmax(0,130px) minmax(0,290px) 1fr;gap:2px 18px;padding:8px 14px;border-left:4px solid var(--c)}
.worries li:first-child{border-top-left-radius:9px}.worries li:last-child{border-bottom-left-radius:9px}
.worries li+li{border-top:1px solid var(--line)}
.worries .name:hover{text-decoration:underline}
.what{color:var(--c);font-size:13px;font-weight:600}
.grid{display:grid;grid-template-columns:repeat(auto-fill,minmax(248px,1fr));gap:10px}
.tile{display:flex;flex-direction:column;gap:4px;padding:10px 13px;min-height:80px;border:1px solid var(--line);border-left:4px solid var(--c);border-radius:9px;
background:color-mix(in srgb,var(--c) 4%,var(--card));transition:opacity .25s,background .6s,border-color .6s}
.tile:hover{border-color:var(--c)}
.tile.late{box-shadow:0 0 0 2px color-mix(in srgb,var(--in-use) 55%,transparent)}
.tile.offline{--c:var(--maintenance);border-style:dashed;border-left-style:solid}
.grid.brief{grid-template-columns:repeat(auto-fill,minmax(134px,1fr));gap:6px}
.brief .tile{min-height:0;padding:5px 9px 6px;gap:1px;border-radius:7px}
.brief .name{font-size:13px;overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
.brief .row{font-size:12px;gap:6px}
.ladder{display:inline-flex;gap:3px;align-self:center;flex:none}
.ladder i{width:8px;height:5px;border-radius:2px;background:color-mix(in srgb,var(--c) 18%,var(--line))}
.ladder i.here{background:var(--c)}
.bar{height:6px;border-radius:3px;background:var(--line);overflow:hidden;margin:2px 0}
.bar i{display:block;height:100%;background:var(--c);border-radius:3px;transition:width 1s linear}
.brief .bar{height:3px;margin:2px 0 0}
.marks,.chips,.legend{display:flex;flex-wrap:wrap;gap:5px;align-items:baseline}
.mark{font-size:12px;border:1px solid var(--in-use);color:var(--in-use);border-radius:5px;padding:0 6px}
.cards{display:grid;grid-template-columns:repeat(auto-fill,minmax(340px,1fr));gap:10px;align-items:start}
.card{background:var(--card);border:1px solid var(--line);border-left:4px solid var(--c);border-radius:9px;padding:11px 15px;display:flex;flex-direction:column;gap:4px}
.card.ended{padding:7px 15px}
.owner .name{font-weight:400}
.chip{border:1px solid var(--line);border-radius:6px;padding:1px 8px;font-size:13px}
.chip::before{content:"";display:inline-block;width:8px;height:8px;border-radius:2px;background:var(--c);margin-right:6px}
.chip:hover{border-color:var(--c)}
.connection{display:flex;gap:10px;align-items:baseline}
code{font:13px/1.5 ui-monospace,SFMono-Regular,Menlo,monospace;user-select:all;background:var(--ground);border-radius:5px;padding:1px 7px}
#story{position:fixed;inset:0 0 0 auto;width:min(600px,100%);background:var(--card);border-left:1px solid var(--line);padding:0 26px 40px;overflow:auto;box-shadow:-12px 0 40px #0003}
#story .head{position:sticky;top:0;background:var(--card);padding:20px 0 8px;align-items:center}
#story h2{font-size:19px;color:var(--ink);margin:0;overflow-wrap:anywhere}
dl{display:grid;grid-template-columns:max-content 1fr;gap:3px 18px;margin:6px 0 18px;font-size:13px}
dt{color:var(--soft)}dd{margin:0}
#story ol{list-style:none;margin:0;padding:0}
#story li{position:relative;padding:0 0 16px 20px;border-left:2px solid var(--line);margin-left:5px}
#story li::before{content:"";position:absolute;left:-6px;top:5px;width:10px;height:10px;border-radius:50%;background:var(--c)}
#story li.same::before{background:var(--card);border:2px solid var(--c)}
#story li.day{color:var(--soft);font-size:12px;padding-bottom:12px}
#story li.day::before{display:none}
.move{font-size:14px}.move b{color:var(--c)}.because{font-size:14px}
blockquote{margin:5px 0 2px;padding:5px 10px;border-left:3px solid var(--line);background:var(--ground);border-radius:0 6px 6px 0;font:12px/1.5 ui-monospace,SFMono-Regular,Menlo,monospace;white-space:pre-wrap;max-height:200px;overflow:auto}
#story .marks{margin-top:4px}
table{border-collapse:collapse;margin:0 0 20px}td,th{text-align:left;vertical-align:top;padding:5px 14px 5px 0;border-bottom:1px solid var(--line)}
@media (min-width:1100px){body:has(#story:not([hidden])) main{margin-right:600px}}
@media (max-width:640px){header,main{padding-left:14px;padding-right:14px}.worries li{grid-template-columns:1fr}.cards{grid-template-columns:1fr}}
@media (prefers-reduced-motion:reduce){*{animation:none!important;transition:none!important}}
`;
