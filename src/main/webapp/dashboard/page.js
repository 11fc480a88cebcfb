// Small helpers for the elements of the page.

export const $ = id => document.getElementById(id);

export function element(name, properties = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (key in made) made[key] = value;
    else made.setAttribute(key, value);
  }
  made.append(...children);
  return made;
}

export function setText(id, content) {
  const node = typeof id === 'string' ? $(id) : id;
  if (node.textContent !== content) node.textContent = content;
}

/** Says something to those who don't see the page. */
export const announce = content => setText('announcement', content);
