// The live part of the status page: sections that changed are put in place, ages count up, dialogs send orders to the
// API. Nothing is kept but the choice of theme; a token is sent with one order and forgotten.
(() => {
  'use strict';
  const root = document.documentElement;
  const $ = (selector, within = document) => within.querySelector(selector);
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];

  // No byte for so long and the page is not alive: the controller beats every two seconds.
  const SILENCE_MS = 5000;
  // The engine publishes four times a second; one that stands still so long is told.
  const STILL_MS = 4000;
  const RETRY_MS = 1000;
  // Browsers give one origin six connections over all of its tabs, so a tab that nobody sees holds none: it looks again
  // after so long.
  const GLANCE_MS = 5000;
  // An order that waits longer will not be answered.
  const ANSWER_MS = 15000;

  // ---- theme, before anything is drawn
  const themes = ['auto', 'light', 'dark'];
  const remembered = () => { try { return localStorage.getItem('theme'); } catch { return null; } };
  const wear = (theme) => {
    if (theme === 'light' || theme === 'dark') root.dataset.theme = theme; else delete root.dataset.theme;
  };
  wear(remembered());
  root.classList.add('js');

  const themeButton = () => {
    const button = $('#theme');
    if (!button) return;
    const name = () => { button.textContent = `theme: ${root.dataset.theme ?? 'auto'}`; };
    button.hidden = false;
    name();
    button.addEventListener('click', () => {
      const next = themes[(themes.indexOf(root.dataset.theme ?? 'auto') + 1) % themes.length];
      wear(next);
      try { localStorage.setItem('theme', next); } catch { /* then it lasts as long as the page */ }
      name();
    });
  };

  // ---- ages, by the controller's clock
  let ahead = 0; // how far the controller's clock is ahead of ours
  const now = () => Date.now() + ahead;
  const span = (ms) => {
    const secs = Math.floor(Math.max(0, ms) / 1000);
    const two = (n) => String(n).padStart(2, '0');
    if (secs < 60) return `${secs}s`;
    if (secs < 3600) return `${Math.floor(secs / 60)}m${two(secs % 60)}s`;
    if (secs < 86400) return `${Math.floor(secs / 3600)}h${two(Math.floor(secs / 60) % 60)}m`;
    return `${Math.floor(secs / 86400)}d${two(Math.floor(secs / 3600) % 24)}h`;
  };
  const clock = (ms) => new Date(ms).toISOString().slice(11, 19) + ' UTC';
  const put = (element, text) => { if (element.textContent !== text) element.textContent = text; };
  let since = null; // when the page was last alive, while it isn't; nothing ages then
  const count = () => {
    const at = since ?? now();
    for (const time of all('time[data-at]')) {
      const age = span(at - Number(time.dataset.at));
      put(time, time.dataset.say === 'ago' ? `${age} ago` : `for ${age}`);
    }
    const line = $('#headline');
    if (line) document.title = (root.dataset.live === 'lost' ? 'NOT LIVE ' : '') + line.textContent;
  };

  // ---- putting a changed section in place of the old one, touching only what differs: what is open stays open, what
  // has the focus keeps it
  const alike = (a, b) => a.nodeType === b.nodeType && a.nodeName === b.nodeName && (a.id ?? '') === (b.id ?? '');
  const morph = (from, to) => {
    if (from.nodeType !== Node.ELEMENT_NODE) {
      if (from.nodeValue !== to.nodeValue) from.nodeValue = to.nodeValue;
      return;
    }
    if (from.nodeName === 'TIME' && to.dataset.at && from.dataset.at === to.dataset.at) return;
    for (const { name } of [...from.attributes]) {
      if (!to.hasAttribute(name) && name !== 'open') from.removeAttribute(name);
    }
    for (const { name, value } of to.attributes) {
      if (from.getAttribute(name) !== value && name !== 'open') from.setAttribute(name, value);
    }
    const named = new Map([...from.children].filter((child) => child.id).map((child) => [child.id, child]));
    let at = from.firstChild;
    for (const next of [...to.childNodes]) {
      const match = next.id ? named.get(next.id) : at;
      if (match && alike(match, next)) {
        if (match === at) at = at.nextSibling; else from.insertBefore(match, at);
        morph(match, next);
      } else {
        from.insertBefore(next, at);
      }
    }
    while (at) { const gone = at; at = at.nextSibling; gone.remove(); }
  };
  const parsed = (html) => Object.assign(document.createElement('template'), { innerHTML: html }).content.firstElementChild;
  const words = () => { // the headline without its age, which is no news
    const line = $('#headline')?.cloneNode(true);
    if (!line) return '';
    all('time', line).forEach((time) => time.remove());
    return line.textContent;
  };

  // ---- the stream, read by hand: unlike an EventSource it tells silence and refusals
  let heard = performance.now();
  let lastTime = 0; // of what the page shows
  let staying = '';
  let over = false; // nobody may look on

  const show = (state, text) => {
    root.dataset.live = state;
    const live = $('#live');
    live.dataset.state = state;
    put(live, text);
  };
  const lost = (why) => {
    if (since === null) put($('#announce'), `Not live: ${why}`);
    since ??= lastTime || now();
    staying = why;
    show('lost', `Not live for ${span(now() - since)}: ${why}. This is how it was at ${clock(since)}.`);
    count();
  };
  const alive = () => {
    since = null;
    show('live', 'live');
  };

  const take = ({ now: theirs, at, run, sections = {} }) => {
    ahead = theirs - Date.now();
    lastTime = at;
    if (run !== root.dataset.run) { // another run of the program, perhaps with another page
      if ($('dialog[open]')) lost('the controller was started anew, close the dialog to go on'); else location.reload();
      return;
    }
    const before = words();
    for (const [id, html] of Object.entries(sections)) {
      const old = document.getElementById(id);
      if (old) morph(old, parsed(html));
    }
    if (theirs - at > STILL_MS) lost('the controller answers, but its engine stands still'); else alive();
    if (words() !== before) put($('#announce'), words());
    all('dialog[open]').forEach(tell);
    count();
  };

  const listen = async () => {
    const stop = new AbortController();
    const watch = setInterval(() => {
      if (performance.now() - heard > SILENCE_MS) stop.abort();
    }, 500);
    const hide = () => { if (document.hidden) stop.abort('hidden'); };
    document.addEventListener('visibilitychange', hide);
    try {
      heard = performance.now();
      const answer = await fetch(root.dataset.stream, { signal: stop.signal, cache: 'no-store' });
      if (answer.status === 401) { staying = 'nobody is signed in here any more'; return 'signed out'; }
      if (!answer.ok) {
        const problem = await answer.json().catch(() => null);
        staying = problem?.detail ?? `the controller answers ${answer.status}`;
        return 'refused';
      }
      const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
      let rest = '';
      for (;;) {
        const { value, done } = await reader.read();
        if (done) { staying = 'the controller ended the stream, reconnecting'; return 'ended'; }
        heard = performance.now();
        const events = (rest + value).split('\n\n');
        rest = events.pop();
        for (const event of events) {
          const data = event.split('\n').filter((line) => line.startsWith('data:')).map((line) => line.slice(5)).join('\n');
          // A fault of this script is no silence of the controller.
          if (data) try { take(JSON.parse(data)); } catch (fault) { console.error(fault); throw fault; }
          if (data && document.hidden) return 'looked';
        }
      }
    } catch {
      if (stop.signal.reason === 'hidden') return 'looked';
      staying = 'nothing is heard from the controller, reconnecting';
      return 'failed';
    } finally {
      document.removeEventListener('visibilitychange', hide);
      clearInterval(watch);
      stop.abort();
    }
  };
  const glance = () => new Promise((wake) => {
    setTimeout(wake, GLANCE_MS);
    document.addEventListener('visibilitychange', wake, { once: true });
  });
  const stream = async () => {
    for (;;) {
      const end = await listen();
      if (end === 'looked') { await glance(); continue; }
      lost(staying);
      if (end === 'signed out') {
        $('#live').append(Object.assign(make('a', ' Sign in'), { href: '/' }));
        over = true;
        return;
      }
      await new Promise((wake) => setTimeout(wake, RETRY_MS));
    }
  };

  // ---- orders
  const service = (dialog) => document.getElementById(`service-${dialog.dataset.service}`);
  const fill = (dialog, what, text) => all(`[data-fill="${what}"]`, dialog).forEach((place) => put(place, text));
  const target = (dialog) => $('input[name="to"]:checked', dialog)?.value;

  // What will happen, as the controller says it now.
  const tell = (dialog) => {
    const { verb, approval } = dialog.dataset;
    const said = all(`.says > [data-verb="${verb}"]`, service(dialog))
      .filter((line) => (line.dataset.approval ?? '') === approval);
    const to = target(dialog);
    const one = to === undefined ? said[0] : said.find((line) => line.dataset.to === to);
    fill(dialog, 'says', one?.textContent ?? 'This is not possible any more: look at the service again.');
  };
  const choices = (dialog) => {
    const place = $('[data-fill="choices"]', dialog);
    if (!place) return;
    const options = all(`.says > [data-verb="${dialog.dataset.verb}"]`, service(dialog)).map((line, index) => {
      const label = make('label');
      const radio = { type: 'radio', name: 'to', value: line.dataset.to, checked: index === 0 };
      label.append(Object.assign(make('input'), radio), ` ${line.dataset.to}`);
      return label;
    });
    place.replaceChildren(...options);
  };
  const open = ({ order, service: name, approval = '' }) => {
    const dialog = $(`#order-${order}`);
    Object.assign(dialog.dataset, { service: name, approval });
    $('form', dialog).reset();
    $('[data-fill="answer"]', dialog).replaceChildren();
    fill(dialog, 'service', name);
    choices(dialog);
    tell(dialog);
    dialog.opening = (dialog.opening ?? 0) + 1;
    dialog.showModal();
  };

  const overrides = (dialog) => all('input[name="override"]:checked', dialog).map((box) => box.value);
  // Quotes around names are for terminals.
  const bare = (text) => text?.replaceAll('`', '');
  const make = (name, text) => Object.assign(document.createElement(name), { textContent: bare(text) });
  const override = (rule, checked, text) => {
    const label = make('label');
    const box = Object.assign(make('input'), { type: 'checkbox', name: 'override', value: rule, checked });
    label.append(box, ` ${text}`);
    return label;
  };
  const refusal = (dialog, problem) => {
    const chosen = overrides(dialog);
    const said = problem.rejections ?? [];
    const items = said.map(({ rule, reason, overridable }) => {
      const item = make('li', `${rule}: ${reason}`);
      item.dataset.rule = rule;
      // An answer to somebody else's order overrides nothing.
      if (overridable && !dialog.dataset.approval) {
        const risk = $(`#risks [data-rule="${rule}"]`)?.textContent ?? '';
        item.append(override(rule, chosen.includes(rule), `override at your own risk: ${risk}`));
      }
      return item;
    });
    // A rule that was overridden no longer says no, and stays overridden until unticked.
    for (const rule of chosen.filter((rule) => !said.some((one) => one.rule === rule))) {
      const item = make('li');
      item.append(override(rule, true, `${rule} is overridden`));
      items.push(item);
    }
    const list = make('ul');
    list.append(...items);
    const hint = problem.hint ? [make('p', problem.hint)] : [];
    $('[data-fill="answer"]', dialog).replaceChildren(make('b', problem.detail ?? 'It was refused.'), list, ...hint);
  };

  const body = (dialog, form) => {
    const { verb } = dialog.dataset;
    const order = { reason: form.get('reason').trim() };
    if (verb === 'failover') order.to = form.get('to');
    if (verb === 'failover' || verb === 'failback') order.overrides = overrides(dialog);
    if (verb === 'pause' && form.get('for')) order.forSecs = Number(form.get('for'));
    return order;
  };
  const note = (text) => {
    const line = $('#said');
    line.hidden = false;
    put(line, bare(text));
    setTimeout(() => { line.hidden = true; }, 12000);
  };
  const send = async (dialog) => {
    const { opening } = dialog;
    const { verb, service: name, approval } = dialog.dataset;
    const form = new FormData($('form', dialog));
    const headers = { 'content-type': 'application/json' };
    if (form.has('token')) headers.authorization = `Bearer ${form.get('token').trim()}`;
    const subject = approval ? `approvals/${approval}` : `services/${encodeURIComponent(name)}`;
    const path = `/api/v1/${subject}/${verb}`;
    const answer = await fetch(path, {
      method: 'POST', headers, body: JSON.stringify(body(dialog, form)), credentials: 'omit', cache: 'no-store',
      signal: AbortSignal.timeout(ANSWER_MS),
    });
    const said = await answer.json().catch(() => ({ detail: `The controller answers ${answer.status}.` }));
    const done = said.decision ? `${said.message}: ${said.decision}` : said.message;
    // Someone may have closed the dialog, or opened it for another service: the answer is not for that.
    if (!dialog.open || dialog.opening !== opening) return note(answer.ok ? done : `${name}: ${said.detail}`);
    if (!answer.ok) return refusal(dialog, said);
    dialog.close();
    note(done);
  };
  const submit = async (event) => {
    event.preventDefault();
    const dialog = event.target.closest('dialog');
    const confirm = $('input[name="confirm"]', dialog);
    if (confirm && confirm.value.trim() !== dialog.dataset.service) {
      return refusal(dialog, { detail: `Type ${dialog.dataset.service} to confirm.` });
    }
    const go = $('.go', dialog);
    const { opening } = dialog;
    const { service: name } = dialog.dataset;
    go.disabled = true; // one click, one order
    try {
      await send(dialog);
    } catch {
      const detail = 'No answer came: whether the order arrived is not known. Look at the service first.';
      if (dialog.open && dialog.opening === opening) refusal(dialog, { detail }); else note(`${name}: ${detail}`);
    } finally {
      go.disabled = false;
    }
  };

  document.addEventListener('DOMContentLoaded', () => {
    themeButton();
    document.addEventListener('click', ({ target }) => {
      const order = target.closest('[data-order]');
      if (order) open(order.dataset);
      if (target.closest('[data-close]')) target.closest('dialog').close();
    });
    for (const dialog of all('dialog')) {
      $('form', dialog).addEventListener('submit', submit);
      dialog.addEventListener('change', ({ target }) => { if (target.name === 'to') tell(dialog); });
      // A token does not wait in a closed dialog for whoever comes next.
      dialog.addEventListener('close', () => $('form', dialog).reset());
    }
    if (!root.dataset.stream) return;
    show('still', 'connecting');
    stream();
    setInterval(() => { if (since === null) count(); else if (!over) lost(staying); }, 1000);
  });
})();
