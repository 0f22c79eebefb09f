/** The status page's style: calm, with one colour for each state, light and dark. */
export const style = `
:root { --ground:#f6f7f5; --card:#fff; --ink:#1d2420; --soft:#5c6860; --line:#dfe4e0;
  --available:#2f7d4f; --reserved:#6b5fb5; --loading:#1f6fb2; --configuring:#0d7f8c; --in-use:#8a5a00; --reclaiming:#7a6a00;
  --quarantined:#b3261e; --maintenance:#68707a; --enrolled:#68707a; }
@media (prefers-color-scheme: dark) { :root { --ground:#141815; --card:#1d231f; --ink:#e8ede9; --soft:#9daaa1; --line:#313a34;
  --available:#6fcf97; --reserved:#b3a7f5; --loading:#7cbcf2; --configuring:#63d0dc; --in-use:#e8b45a; --reclaiming:#d8c84e;
  --quarantined:#ff8a80; --maintenance:#aab3bd; --enrolled:#aab3bd; } }
* { box-sizing:border-box; }
body { margin:0; background:var(--ground); color:var(--ink); font:15px/1.45 system-ui, sans-serif; }
header { display:flex; flex-wrap:wrap; gap:4px 24px; align-items:baseline; padding:20px 28px 4px; }
h1 { font-size:22px; margin:0; letter-spacing:-.01em; } h2 { font-size:15px; color:var(--soft); font-weight:600; margin:20px 0 8px; }
#counts { margin:0; color:var(--soft); } #counts b { color:var(--ink); font-variant-numeric:tabular-nums; }
main { padding:0 28px 40px; }
.grid { display:grid; grid-template-columns:repeat(auto-fill, minmax(212px, 1fr)); gap:10px; }
.node { all:unset; box-sizing:border-box; cursor:pointer; background:var(--card); border:1px solid var(--line); border-left:4px solid var(--state);
  border-radius:8px; padding:10px 12px; min-height:104px; display:flex; flex-direction:column; gap:3px; }
.node:focus-visible, .node:hover { border-color:var(--state); }
.row { display:flex; justify-content:space-between; gap:8px; } .name { font-weight:600; }
.state { color:var(--state); font-weight:600; } .soft { color:var(--soft); font-size:13px; overflow-wrap:anywhere; }
.bar { height:5px; border-radius:3px; background:var(--line); overflow:hidden; } .bar i { display:block; height:100%; background:var(--state); }
.fault { color:var(--quarantined); font-size:13px; }
.card { background:var(--card); border:1px solid var(--line); border-radius:8px; padding:10px 14px; margin-bottom:8px; }
code { font:13px/1.4 ui-monospace, monospace; }
#story { position:fixed; inset:0 0 0 auto; width:min(620px, 100%); background:var(--card); border-left:1px solid var(--line);
  padding:8px 24px 40px; overflow:auto; box-shadow:-8px 0 30px #0002; }
#story ol { list-style:none; margin:0; padding:0; } #story li { padding:8px 0 8px 14px; border-left:2px solid var(--line); }
#story li b { font-weight:600; } #story button { float:right; font:inherit; }
table { border-collapse:collapse; } td, th { text-align:left; padding:4px 12px 4px 0; border-bottom:1px solid var(--line); }
`;
