import { render } from 'preact';
import { App } from './app.js';
import { Model } from './model.js';

let isDue = false;

/** Draws the page once before the next frame, however often something changes. */
function draw(): void {
  if (isDue) return;
  isDue = true;
  const now = () => {
    isDue = false;
    render(<App model={model} />, document.body);
  };
  if (document.hidden) setTimeout(now, 250);
  else requestAnimationFrame(now);
}

const model = new Model(draw);
model.start();
// Times such as "since 12:03" and the number of waiting events are right also if nothing arrives.
setInterval(draw, 1000);
