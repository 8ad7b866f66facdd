"use strict";
// Goes through the steps of a page. All text is put in as text; nothing is fetched, nothing is kept.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const keys = Object.keys(data.stories);
  const one = (selector) => document.querySelector(selector);
  const all = (selector) => [...document.querySelectorAll(selector)];
  const made = (tag, text, name) => {
    const element = document.createElement(tag);
    element.textContent = text;
    if (name) element.className = name;
    return element;
  };

  // ---------------------------------------------------------------------------------------------- copying
  const copy = async (button) => {
    const source = document.getElementById(button.dataset.copies);
    const status = document.getElementById("copied");
    try {
      await navigator.clipboard.writeText(source.textContent);
      status.textContent = "Copied.";
    } catch {
      getSelection().selectAllChildren(source);
      status.textContent = "Selected: press Ctrl+C (or ⌘C) to copy it.";
    }
  };
  for (const button of all("button[data-copies]")) {
    button.hidden = false;
    button.addEventListener("click", () => copy(button));
  }
  if (!keys.length) return;

  // ---------------------------------------------------------------------------------------------- where we are
  const slider = document.getElementById("slider");
  const chosen = (name) => one(`input[name="${name}"]:checked`)?.value;
  const story = () => chosen("story") ?? keys[0];
  const visible = () => {
    const steps = data.stories[story()];
    const some = steps.filter((step) => step.matters);
    return chosen("scope") === "matter" && some.length ? some : steps;
  };
  const at = Object.fromEntries(keys.map((key) => [key, null]));
  const position = () => {
    const steps = visible();
    const found = steps.findIndex((step) => step.number >= at[story()]);
    return at[story()] === null || found < 0 ? steps.length - 1 : found;
  };

  // ---------------------------------------------------------------------------------------------- showing a step
  const reveal = (box, element, sideways) => {
    if (!box || !element) return;
    const outer = box.getBoundingClientRect(), inner = element.getBoundingClientRect();
    const over = inner.top - outer.top, room = box.clientHeight;  // without scrollbars
    if (over < 60 || over + inner.height > room - 40) box.scrollTop += over - room / 2 + inner.height / 2;
    const left = inner.left - outer.left;
    const beyond = left + inner.width + 12 - box.clientWidth;
    if (sideways && left < 12) box.scrollLeft += left - 12;
    else if (sideways && beyond > 0) box.scrollLeft += beyond;
  };
  const picture = () => all(`.picture[data-story="${story()}"]`).find((each) => each.offsetParent !== null);

  const showPicture = (step, last) => {
    const drawn = picture();
    if (!drawn) return;
    for (const box of drawn.querySelectorAll("[data-step]")) {
      box.classList.toggle("current", +box.dataset.step === step.number);
      box.classList.toggle("later", +box.dataset.step > step.number);
    }
    for (const arrow of drawn.querySelectorAll("[data-target]")) {
      arrow.classList.toggle("told", +arrow.dataset.target === step.number);
      arrow.classList.toggle("later", +arrow.dataset.target > step.number);
    }
    for (const bar of drawn.querySelectorAll("[data-begin]")) {
      bar.classList.toggle("later", +bar.dataset.begin > step.number);
    }
    for (const end of drawn.querySelectorAll(".waits, .arrow.wait")) end.classList.toggle("later", !last);
    reveal(drawn.querySelector(".scroll"), drawn.querySelector(".current rect"), true);
  };

  const showNotes = (step) => {
    const notes = [];
    if (step.handover) notes.push(made("li", `${step.preempts ? "▶▶ " : ""}${step.handover}`));
    for (const [number, why] of step.links) {
      const item = made("li", `${why} `);
      if (data.stories[story()].some((other) => other.number === number)) {
        const jump = made("button", `go to ${number}`, "jump");
        jump.type = "button";
        jump.addEventListener("click", () => go(number));
        item.append(jump);
      }
      notes.push(item);
    }
    if (step.number === data.differs[story()]) notes.push(made("li", "≠ the first step that differs from the other schedule"));
    document.getElementById("now-notes").replaceChildren(...notes);
  };

  const row = (name, ...cells) => {
    const line = document.createElement("tr");
    const head = made("th", name);
    head.scope = "row";
    line.append(head, ...cells.map((cell) => made("td", cell)));
    return line;
  };

  // What `thread` waits for in the end, and the line where it stands; only at the last step shown of what fails.
  const waitsFor = (thread, last) => (last && story() === "failing" && data.waiting[thread]) || ["", ""];

  const showState = (step, ended) => {
    const past = data.stories[story()].filter((each) => each.number <= step.number);
    const threads = data.threads[story()].map(([identity, name]) => {
      const last = past.findLast((each) => each.thread === identity);
      const [awaited] = waitsFor(identity, ended);
      const waits = awaited && `waits for ${awaited}`;
      const where = last ? `${last.place.split("/").pop()}  ${last.said}` : "not yet at its first step";
      const line = row(`${identity} ${name}`, waits || where, last ? last.holds.join(", ") || "–" : "–");
      if (identity === step.thread) line.className = "moved";
      return line;
    });
    document.getElementById("now-threads").replaceChildren(...threads);
    const values = new Map();
    for (const each of past) {
      if (each.value === null) continue;
      values.delete(each.variable);
      values.set(each.variable, each);
    }
    const lines = [...values].reverse().slice(0, 12);
    document.getElementById("now-values").hidden = !lines.length;
    document.getElementById("now-variables").replaceChildren(
      ...lines.map(([name, each]) => row(name, each.value, `${each.thread} ${each.name}, step ${each.number}`)));
  };

  const showSource = (step, ended) => {
    for (const line of all(".piece .current, .piece .here")) line.classList.remove("current", "here");
    const past = data.stories[story()].filter((each) => each.number <= step.number);
    for (const [identity] of data.threads[story()]) {
      const last = past.findLast((each) => each.thread === identity && each.line);
      document.getElementById(waitsFor(identity, ended)[1] || "-")?.classList.add("here");
      if (last) document.getElementById(last.line)?.classList.add(last === step ? "current" : "here");
    }
    reveal(one(".code"), one(".piece .current"), false);
  };

  const show = (remember) => {
    const steps = visible(), place = position(), step = steps[place], last = place === steps.length - 1;
    at[story()] = step.number;
    slider.max = steps.length;
    slider.value = place + 1;
    slider.setAttribute("aria-valuetext", `step ${step.number} of ${data.counts[story()]}`);
    document.getElementById("now-title").textContent =
      `Step ${step.number} of ${data.counts[story()]}: thread ${step.thread} ${step.name}`;
    document.getElementById("now-said").textContent = step.said;
    for (const button of all("[data-go]")) {
      const back = button.dataset.go === "first" || button.dataset.go === "back";
      button.disabled = back ? place === 0 : last;
    }
    showPicture(step, last);
    showNotes(step);
    showState(step, last);
    showSource(step, last);
    for (const line of all("tr.current")) line.classList.remove("current");
    document.getElementById(`${story()}-${step.number}`)?.classList.add("current");
    if (remember) history.replaceState(null, "", `#${story()}-${step.number}`);
  };

  // ---------------------------------------------------------------------------------------------- going
  const move = (place) => {
    const steps = visible();
    at[story()] = steps[Math.min(Math.max(place, 0), steps.length - 1)].number;
    show(true);
  };
  const go = (number) => {
    const step = data.stories[story()].find((each) => each.number === number);
    const every = document.getElementById("scope-all");
    if (step && !step.matters && every) every.checked = true;
    at[story()] = number;
    show(true);
  };
  const moves = {
    first: () => move(0), back: () => move(position() - 1), on: () => move(position() + 1), last: () => move(Infinity),
  };
  const pressed = { ArrowLeft: "back", ArrowUp: "back", ArrowRight: "on", ArrowDown: "on", Home: "first", End: "last" };
  const onKey = (event) => {
    const target = event.target;
    if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey || !pressed[event.key]) return;
    const nowhere = target === document.body && event.key.match(/^Arrow(Left|Right)$/);
    if (!nowhere && !target.closest(".pictures, .player")) return;
    event.preventDefault();
    moves[pressed[event.key]]();
  };
  const fromHash = () => {
    const [, named, number] = location.hash.match(/^#(?:(failing|passing)-|step=)(\d+)$/) ?? [];
    if (!number) return false;
    const radio = named && document.getElementById(`story-${named}`);
    if (radio) radio.checked = true;
    go(+number);
    return true;
  };

  document.documentElement.classList.add("live");
  for (const element of all(".player, .now, .hint")) element.hidden = false;
  slider.addEventListener("input", () => move(+slider.value - 1));
  for (const button of all("[data-go]")) button.addEventListener("click", () => moves[button.dataset.go]());
  for (const radio of all('input[type="radio"]')) radio.addEventListener("change", () => show(true));
  for (const box of all("[data-step]")) {
    box.addEventListener("click", (event) => { event.preventDefault(); go(+box.dataset.step); });
  }
  document.addEventListener("keydown", onKey);
  // The browser itself scrolls to the row of the table, when the address changes and until the page is loaded.
  const toSteps = () => requestAnimationFrame(() => document.getElementById("steps").scrollIntoView());
  window.addEventListener("hashchange", () => { if (fromHash()) toSteps(); });
  if (fromHash()) window.addEventListener("load", toSteps); else show(false);
})();
