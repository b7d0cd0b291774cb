// Notes what the page shows each time that it changes, so that no state is too short to be seen by a test that looks
// now and then. Installed once, by a test.
const told = (step) => ({
  step: step.dataset.step,
  state: step.dataset.state,
  when: step.querySelector('.when')?.textContent ?? '',
  why: step.querySelector('.why')?.textContent ?? '',
});
const sight = () => ({
  headline: document.querySelector('#headline').textContent,
  title: document.title,
  live: document.documentElement.dataset.live,
  active: document.querySelector('#state-of-checkout [data-active="true"]')?.dataset.region ?? null,
  steps: [...document.querySelectorAll('#move-of-checkout [data-step]')].map(told),
});
window.sights = [sight()];
let last = JSON.stringify(window.sights[0]);
const note = () => {
  const now = sight();
  const text = JSON.stringify(now);
  if (text !== last) window.sights.push(now);
  last = text;
};
const everything = { subtree: true, childList: true, characterData: true, attributes: true };
new MutationObserver(note).observe(document.documentElement, everything);
