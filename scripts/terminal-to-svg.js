// Draws the screen of a terminal, as captured by `tmux capture-pane -e -p`, as an SVG on stdout. These commands made the
// picture in the README:
//   tmux new-session -d -s shot -x 100 -y 30 'node dist/lib/cli/main.js serve; cat'
//   node dist/lib/cli/main.js send --sample 8
//   tmux capture-pane -e -p -t shot | node scripts/terminal-to-svg.js > docs/images/first-minute.svg
import { text } from 'node:stream/consumers';

const COLUMNS = 100;
const CHAR = { width: 7.2, height: 16 };
const PADDING = 12;
const COLORS = { 31: '#f47067', 32: '#57ab5a', 33: '#c69026', 36: '#39c5cf', 90: '#768390' };
/** An escape sequence that sets the style; its numbers are the group. */
const STYLE = new RegExp(`${String.fromCharCode(27)}\\[([\\d;]*)m`);
const [FOREGROUND, BACKGROUND] = ['#cdd9e5', '#1c2128'];

/** @param {string} value */
const escaped = (value) => value.replace(/[&<>]/g, (char) => `&#${char.charCodeAt(0)};`);

const lines = (await text(process.stdin)).trimEnd().split('\n');
const style = { color: FOREGROUND, opacity: 1 };

/** Applies the numbers of one escape sequence. @param {string} codes */
function apply(codes) {
  for (const code of codes.split(';').map(Number)) {
    if (code === 0) Object.assign(style, { color: FOREGROUND, opacity: 1 });
    else if (code === 2) style.opacity = 0.6;
    else if (code === 22) style.opacity = 1;
    else if (code === 39) style.color = FOREGROUND;
    else style.color = COLORS[/** @type {keyof typeof COLORS} */ (code)] ?? style.color;
  }
}

const rows = lines.map((line, row) => {
  let column = 0;
  let spans = '';
  // Texts and the numbers between them take turns.
  for (const [i, part] of line.split(STYLE).entries()) {
    if (i % 2 === 1) {
      apply(part || '0');
    } else if (part !== '') {
      const x = PADDING + column * CHAR.width;
      const length = part.length * CHAR.width;
      const look = `fill="${style.color}"${style.opacity < 1 ? ` fill-opacity="${style.opacity}"` : ''}`;
      spans += `<tspan x="${x.toFixed(1)}" textLength="${length.toFixed(1)}" ${look}>${escaped(part)}</tspan>`;
      column += part.length;
    }
  }
  return `<text y="${PADDING + (row + 0.75) * CHAR.height}">${spans}</text>`;
});

const width = COLUMNS * CHAR.width + 2 * PADDING;
const height = lines.length * CHAR.height + 2 * PADDING;
console.log(`<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">
<title>The first minute: serve shows the requests of an agent</title>
<rect width="100%" height="100%" rx="6" fill="${BACKGROUND}"/>
<g font-family="ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="12" xml:space="preserve">
${rows.join('\n')}
</g>
</svg>`);
