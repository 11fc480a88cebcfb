// Shows payloads: as they were sent, or with line breaks and indents. JavaScript's own JSON would change numbers.

const TOKENS = /"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g;
const MAX_INDENTS = 40;

/** Returns JSON with line breaks and indents, and every token as it is; null if it isn't JSON. */
export function pretty(json) {
  try {
    JSON.parse(json);
  } catch {
    return null;
  }
  const tokens = json.match(TOKENS) ?? [];
  const out = [];
  let depth = 0;
  const line = () => out.push('\n', '  '.repeat(Math.min(depth, MAX_INDENTS)));
  tokens.forEach((token, index) => {
    const opens = token === '{' || token === '[';
    const closes = token === '}' || token === ']';
    const empty = closes && (tokens[index - 1] === '{' || tokens[index - 1] === '[');
    if (closes) {
      depth--;
      if (!empty) line();
    }
    out.push(token);
    if (opens) {
      depth++;
      if (tokens[index + 1] !== '}' && tokens[index + 1] !== ']') line();
    } else if (token === ',') {
      line();
    } else if (token === ':') {
      out.push(' ');
    }
  });
  return out.join('');
}

/** Returns bytes as a table of offsets, hexadecimal numbers and characters, 16 bytes in a line. */
export function hexDump(bytes, max) {
  const lines = [];
  for (let offset = 0; offset < Math.min(bytes.length, max); offset += 16) {
    const row = [...bytes.subarray(offset, Math.min(offset + 16, max))];
    const hex = row.map(byte => byte.toString(16).padStart(2, '0')).join(' ');
    const characters = row.map(byte => byte > 31 && byte < 127 ? String.fromCharCode(byte) : '.').join('');
    lines.push(`${offset.toString(16).padStart(8, '0')}  ${hex.padEnd(47)}  ${characters}`);
  }
  return lines.join('\n');
}

/** Returns the bytes of a member that the API sends as text, or in Base64 if they aren't UTF-8; null if there are none. */
export function bytesOf(row, name) {
  const base64 = row[`${name}Base64`];
  if (base64 !== undefined) return Uint8Array.from(atob(base64), character => character.charCodeAt(0));
  return typeof row[name] === 'string' ? new TextEncoder().encode(row[name]) : null;
}
