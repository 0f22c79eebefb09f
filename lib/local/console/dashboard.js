/*
 * What a CloudWatch dashboard does with its custom widgets, as far as its documentation says: it calls the function with the
 * widget's parameters and a context, takes out what is not allowed (scripts, frames, handlers), shows the rest, and does
 * what a cwdb-action says when the element before it is used. A refresh calls with the widget's own parameters again.
 */

{
  const byId = (id) => document.getElementById(id);
  const { widgets, columns, invokePath, tokenPath } = JSON.parse(byId("settings").textContent);
  const root = document.documentElement;
  const refused = new Set([
    "script",
    "iframe",
    "frame",
    "object",
    "embed",
    "use",
    "link",
    "meta",
    "base",
    "form",
  ]);
  let token = null;

  const theme = () => root.dataset.theme ?? "light";

  async function invoke(endpoint, event) {
    token ??= await fetchToken();
    const response = await fetch(invokePath, {
      method: "POST",
      headers: { authorization: `Bearer ${token}` },
      body: JSON.stringify({ endpoint, event }),
    });
    // A new token is fetched with the next call.
    if (response.status === 401) token = null;
    const answer = await response.json();
    if (!response.ok) throw new Error(answer.errorMessage ?? answer.message ?? `HTTP ${response.status}`);
    return typeof answer === "string" ? answer : `<pre>${escaped(JSON.stringify(answer, null, 2))}</pre>`;
  }

  async function fetchToken() {
    const body = JSON.stringify({ subject: "console", groups: ["operator"] });
    const response = await fetch(tokenPath, { method: "POST", body });
    if (!response.ok) throw new Error(`no token: HTTP ${response.status}`);
    return (await response.json()).access_token;
  }

  const escaped = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");

  /** Everything that could run, load or lead somewhere by itself is taken out. */
  function cleaned(markup) {
    const { body, head } = new DOMParser().parseFromString(markup, "text/html");
    const content = document.createDocumentFragment();
    content.append(...head.querySelectorAll("style"), ...body.childNodes);
    for (const element of content.querySelectorAll("*")) {
      if (refused.has(element.localName)) {
        element.remove();
        continue;
      }
      for (const { name, value } of [...element.attributes]) {
        const runs = name.startsWith("on") || /^\s*javascript:/i.test(value);
        if (runs) element.removeAttribute(name);
      }
    }
    return content;
  }

  /** A place where answers are shown. Its styles are its own, as a widget's are. */
  function placeIn(element, properties) {
    const shadow = element.attachShadow({ mode: "open" });
    const place = {
      properties,
      context: () => ({
        dashboardName: "rackwright-local",
        widgetId: properties.title,
        accountId: "000000000000",
        locale: navigator.language,
        timezone: { label: "UTC", offsetISO: "+00:00", offsetInMinutes: 0 },
        period: 300,
        isAutoPeriod: true,
        timeRange: {
          mode: "relative",
          start: Date.now() - 10_800_000,
          end: Date.now(),
          relativeStart: 10_800_000,
        },
        theme: theme(),
        linkCharts: true,
        title: properties.title,
        forms: { all: formsIn(shadow) },
        params: properties.params,
        width: element.clientWidth,
        height: element.clientHeight,
      }),
      show: (markup) => {
        shadow.replaceChildren(cleaned(markup));
        for (const action of shadow.querySelectorAll("cwdb-action")) bind(place, action);
      },
      fail: (error) => {
        place.show(
          `<p role="alert" style="padding:14px">This widget failed: ${escaped(String(error.message))}</p>`,
        );
      },
    };
    return place;
  }

  function formsIn(shadow) {
    const fields = [...shadow.querySelectorAll("input[name], select[name], textarea[name]")];
    return Object.fromEntries(fields.map((field) => [field.name, field.value]));
  }

  function bind(place, action) {
    const element = action.previousElementSibling;
    action.hidden = true;
    if (element === null) return;
    element.addEventListener(action.getAttribute("event") ?? "click", () => void act(place, action));
  }

  async function act(place, action) {
    const question = action.getAttribute("confirmation");
    const context = place.context();
    if (question !== null && !(await confirmed(question))) return;
    const target = action.getAttribute("display") === "popup" ? popup(place.properties) : place;
    if (action.getAttribute("action") !== "call") {
      target.show(action.innerHTML);
      return;
    }
    try {
      const parameters = JSON.parse(action.textContent);
      const event = { ...parameters, widgetContext: context };
      target.show(await invoke(action.getAttribute("endpoint"), event));
    } catch (error) {
      target.fail(error);
    }
  }

  function confirmed(question) {
    const dialog = byId("asking");
    byId("question").textContent = question;
    dialog.returnValue = "";
    dialog.showModal();
    return new Promise((resolve) => {
      dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
    });
  }

  let shownInPopup = null;
  function popup(properties) {
    const dialog = byId("popup");
    shownInPopup?.remove();
    shownInPopup = document.createElement("div");
    byId("shown").append(shownInPopup);
    if (!dialog.open) dialog.showModal();
    return placeIn(shownInPopup, properties);
  }

  async function draw(place) {
    const { endpoint, params } = place.properties;
    try {
      place.show(await invoke(endpoint, { ...params, widgetContext: place.context() }));
    } catch (error) {
      place.fail(error);
    }
  }

  const grid = byId("grid");
  grid.style.gridTemplateColumns = `repeat(${columns}, minmax(0, 1fr))`;
  const places = widgets.map(({ x, y, width, height, properties }) => {
    const section = document.createElement("section");
    section.className = "widget";
    section.style.gridArea = `${y + 1} / ${x + 1} / span ${height} / span ${width}`;
    section.setAttribute("aria-label", properties.title);
    const title = document.createElement("h2");
    title.textContent = properties.title;
    const content = document.createElement("div");
    content.dataset.widget = properties.params.widget;
    section.append(title, content);
    grid.append(section);
    return placeIn(content, properties);
  });

  const drawAll = () => Promise.all(places.map(draw));
  /* Whoever is writing something is not interrupted. */
  const isWriting = () => document.activeElement?.shadowRoot?.activeElement?.localName === "input";

  let drawnAt = Date.now();
  setInterval(() => {
    const everySeconds = Number(byId("every").value);
    const isDue = everySeconds > 0 && Date.now() - drawnAt >= everySeconds * 1000;
    if (!isDue || document.hidden || isWriting() || document.querySelector("dialog[open]") !== null) return;
    drawnAt = Date.now();
    void drawAll();
  }, 1000);
  byId("refresh").addEventListener("click", () => void drawAll());
  byId("close").addEventListener("click", () => byId("popup").close());
  byId("yes").addEventListener("click", () => byId("asking").close("yes"));
  byId("no").addEventListener("click", () => byId("asking").close("no"));

  function setTheme(wanted) {
    root.dataset.theme = wanted;
    byId("theme").setAttribute("aria-pressed", String(wanted === "dark"));
  }
  byId("theme").addEventListener("click", () => {
    setTheme(theme() === "dark" ? "light" : "dark");
    void drawAll();
  });
  setTheme(matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
  void drawAll().then(() => {
    root.dataset.drawn = "true";
  });
}
