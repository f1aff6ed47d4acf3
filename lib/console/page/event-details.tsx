import type { ComponentChildren, RefObject } from 'preact';
import { CopyButton } from './copy-button.js';
import type { Model } from './model.js';
import type { PageEvent } from './page-event.js';
import { RuleLine } from './rule-line.js';
import { shown } from './shown.js';
import { localDateTime, utcTime, zoneName } from './times.js';

/** Every field of one event. */
export function EventDetails({
  model,
  event,
  panel,
  onOnly,
  onClose,
}: {
  model: Model;
  event: PageEvent | undefined;
  panel: RefObject<HTMLElement | null>;
  onOnly: (name: string, value: string) => void;
  onClose: () => void;
}) {
  if (event === undefined) {
    return (
      <section class="details none" ref={panel} tabIndex={-1} aria-label="Selected event">
        <p>Select an event to see all of it.</p>
      </section>
    );
  }
  const { isDenied, method, url, host, time, session, sequence, process, rule } = event;
  return (
    <section class="details" ref={panel} tabIndex={-1} aria-label="Selected event">
      <header>
        <h2>
          {isDenied ? 'DENY' : 'allow'} {shown(method)} {host === '' ? '' : shown(host)}
        </h2>
        <button type="button" onClick={onClose}>
          Close
        </button>
      </header>
      {model.log.isGone(event) && <p class="gone">This event is no longer kept in the list.</p>}
      <dl>
        <Field name="URL">
          <Foreign text={url} /> {url !== '' && <CopyButton text={url} label="Copy" />}
        </Field>
        <Field name="Time">
          {time === '' ? '–' : `${shown(localDateTime(time))} ${zoneName(Date.parse(time) || Date.now())}`}
          {time !== '' && <span class="utc">{shown(utcTime(time))}</span>}
        </Field>
        <Field name="Host">
          <Foreign text={host} /> {host !== '' && <Only onClick={() => onOnly('host', host)} />}
        </Field>
        <Field name="Session">
          <Foreign text={session} /> {session !== '' && <Only onClick={() => onOnly('session', session)} />}
          {sequence !== undefined && <span class="sequence">event {sequence}</span>}
        </Field>
        <Field name="Process">
          <Foreign text={process} /> {process !== '' && <Only onClick={() => onOnly('process', process)} />}
        </Field>
        {isDenied ? (
          <Field name="A rule that would allow it">
            <RuleLine event={event} by="path" />
            <RuleLine event={event} by="method" />
            <RuleLine event={event} by="domain" />
          </Field>
        ) : (
          <Field name="Allowed by the rule">
            <Foreign text={rule} />
          </Field>
        )}
      </dl>
    </section>
  );
}

function Field({ name, children }: { name: string; children: ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

/** What an agent or a sender says. */
function Foreign({ text }: { text: string }) {
  return text === '' ? <span>–</span> : <code dir="ltr">{shown(text)}</code>;
}

function Only({ onClick }: { onClick: () => void }) {
  return (
    <button type="button" class="only" onClick={onClick}>
      Only this
    </button>
  );
}
