// Every text that is shown with too little contrast against what is behind it, by the formula of WCAG 2.2: at least
// 4.5 to 1, or 3 to 1 where it is large (24 px, or 18.66 px and bold).
const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
canvas.canvas.width = canvas.canvas.height = 1;
const known = new Map();
// Whatever the notation, the browser itself says which red, green, blue and alpha a colour is.
const rgba = (colour) => known.get(colour) ?? known.set(colour, painted(colour)).get(colour);
const painted = (colour) => {
  canvas.clearRect(0, 0, 1, 1);
  canvas.fillStyle = colour;
  canvas.fillRect(0, 0, 1, 1);
  const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
  return [r, g, b, a / 255];
};
const over = ([r, g, b, a], under) => [r, g, b].map((part, index) => part * a + under[index] * (1 - a));
const behind = (element) => {
  const layers = [];
  for (let at = element; at; at = at.parentElement) layers.push(rgba(getComputedStyle(at).backgroundColor));
  // What is behind everything is white or black, as the scheme has it; the body of this page covers it anyway.
  return layers.reverse().reduce((under, layer) => over(layer, under), [255, 255, 255]);
};
const luminance = (colour) => {
  const [r, g, b] = colour.map((part) => {
    const share = part / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const ratio = (one, other) => {
  const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
};

const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
const seen = { texts: 0, headline: 0, faint: [] };
while (texts.nextNode()) {
  const text = texts.currentNode.textContent.trim();
  const element = texts.currentNode.parentElement;
  if (!text || !element.checkVisibility({ visibilityProperty: true, opacityProperty: true })) continue;
  const { color, fontSize, fontWeight } = getComputedStyle(element);
  const paper = behind(element);
  const found = ratio(over(rgba(color), paper), paper);
  const size = parseFloat(fontSize);
  const isLarge = size >= 24 || (size >= 18.66 && Number(fontWeight) >= 700);
  seen.texts += 1;
  if (element.closest('#headline')) seen.headline = found;
  if (found < (isLarge ? 3 : 4.5)) seen.faint.push(`${found.toFixed(2)} to 1: ${text.slice(0, 60)}`);
}
seen.paper = behind(document.body).join();
return seen;
