import { useRef, useState } from 'preact/hooks';
import type { HostCount, HostOrder } from './host-table.js';
import type { Model } from './model.js';
import { counted, grouped } from './numbers.js';
import { RuleLine } from './rule-line.js';
import { shown } from './shown.js';

/** How many hosts are shown. */
const MAX_HOSTS = 200;

/** The hosts, with what was denied and allowed side by side. A denied host has the rule that would allow its last event. */
export function HostList({ model, onOnly }: { model: Model; onOnly: (host: string) => void }) {
  const [order, setOrder] = useState<HostOrder>('newest');
  const [isPointed, point] = useState(false);
  const before = useRef<readonly string[]>([]);
  const { hosts } = model.log;
  const isHeld = isPointed || model.pausedSince !== undefined;
  const rows = isHeld
    ? before.current.flatMap((host) => hosts.get(host) ?? [])
    : hosts.first(MAX_HOSTS, order);
  if (!isHeld) before.current = rows.map(({ host }) => host);
  const most = Math.max(1, ...rows.map(({ denied, allowed }) => Math.max(denied, allowed)));
  const others = hosts.size - rows.length;
  return (
    <section
      class="hosts"
      aria-label="Hosts"
      onPointerEnter={() => point(true)}
      onPointerLeave={() => point(false)}
    >
      <header>
        <h2>Hosts</h2>
        <label>
          Order
          <select
            value={order}
            onChange={(event) => setOrder(event.currentTarget.value === 'most' ? 'most' : 'newest')}
          >
            <option value="newest">newest denial</option>
            <option value="most">most requests</option>
          </select>
        </label>
      </header>
      {rows.length === 0 ? (
        <p class="empty">No host was requested yet.</p>
      ) : (
        <table>
          <thead>
            <tr>
              <th scope="col">Host</th>
              <th scope="col" class="number">
                Denied
              </th>
              <th scope="col" class="number">
                Allowed
              </th>
            </tr>
          </thead>
          <tbody>
            {rows.map((count) => (
              <HostRow key={count.host} count={count} most={most} onOnly={onOnly} />
            ))}
          </tbody>
        </table>
      )}
      {others > 0 && <p class="more">{counted(others, 'host')} more. Filter the events to find them.</p>}
    </section>
  );
}

function HostRow({
  count: { host, denied, allowed, lastDenied },
  most,
  onOnly,
}: {
  count: HostCount;
  most: number;
  onOnly: (host: string) => void;
}) {
  return (
    <>
      <tr class={denied > 0 ? 'denied' : undefined}>
        <th scope="row">
          {host === '' ? (
            '(no host)'
          ) : (
            <button
              type="button"
              class="plain"
              dir="ltr"
              title="List only events of this host"
              onClick={() => onOnly(host)}
            >
              {shown(host)}
            </button>
          )}
        </th>
        <td class="number">
          <Bar n={denied} most={most} />
        </td>
        <td class="number">
          <Bar n={allowed} most={most} />
        </td>
      </tr>
      {lastDenied && (
        <tr class="rule-row">
          <td colSpan={3}>
            <RuleLine event={lastDenied} by="method" />
          </td>
        </tr>
      )}
    </>
  );
}

/** A number, with a bar behind it. */
function Bar({ n, most }: { n: number; most: number }) {
  return (
    <>
      <span
        class="bar"
        aria-hidden="true"
        style={{ width: `${n === 0 ? 0 : Math.max(4, (100 * n) / most)}%` }}
      />
      <span class="value">{grouped(n)}</span>
    </>
  );
}
