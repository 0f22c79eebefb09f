/**
 * Script of the status page: making elements, and bringing what is on the page in line with what was made. Everything
 * variable becomes a text node or an attribute's value, so that nothing a node or a person is called can become markup.
 */
export const elements = `
const el = (tag, attributes, ...content) => {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) if (value !== null && value !== false) made.setAttribute(name, value === true ? '' : String(value));
  for (const part of content.flat()) if (part !== null) made.append(typeof part === 'object' ? part : document.createTextNode(String(part)));
  return made;
};
const div = (cls, ...content) => el('div', { class: cls }, ...content);
const text = (cls, ...content) => el('span', { class: cls }, ...content);

/* In place, so that focus, scrolling and the movement of bars survive a new drawing. */
function morph(old, made) {
  if (old.nodeType !== made.nodeType || old.nodeName !== made.nodeName) return old.replaceWith(made);
  if (made.nodeType !== 1) { if (old.nodeValue !== made.nodeValue) old.nodeValue = made.nodeValue; return; }
  for (const { name } of [...old.attributes]) if (!made.hasAttribute(name)) old.removeAttribute(name);
  for (const { name, value } of [...made.attributes]) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  morphChildren(old, [...made.childNodes]);
}
function morphChildren(parent, made) {
  const old = [...parent.childNodes];
  made.forEach((child, at) => { if (at < old.length) morph(old[at], child); else parent.append(child); });
  old.slice(made.length).forEach((child) => child.remove());
}
const show = (id, ...content) => morphChildren(document.getElementById(id), content.flat().filter((part) => part !== null));
`;
