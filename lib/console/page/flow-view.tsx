import { useState } from 'preact/hooks';
import { Chart } from './chart.js';
import { flowOf } from './flow.js';
import type { Model } from './model.js';
import { counted, grouped } from './numbers.js';
import { shown } from './shown.js';
import { type Knowledge, reasonText, reporterAnswer } from './status.js';

/** What came in, what went out, what waits and what was lost, over the last minutes. */
export function FlowView({ model }: { model: Model }) {
  const { knowledge } = model;
  const [chosen, choose] = useState<number>();
  if (knowledge === undefined) return <section class="flow" aria-label="Flow" />;
  const { reporters } = knowledge.hello;
  const failing = knowledge.state.reporters.findIndex(({ outage }) => outage !== null);
  const reporter = chosen ?? Math.max(0, failing);
  const flow = flowOf(knowledge.samples, reporter);
  const rate = (values: readonly number[]) => `${grouped(values.at(-1) ?? 0)}/s`;
  const last = knowledge.samples.at(-1)?.reporters[reporter];
  return (
    <section class="flow" aria-label="Flow">
      <div class="reporters">
        <h2>Reporters</h2>
        {reporters.map(({ label }, i) => (
          <Reporter
            key={label}
            knowledge={knowledge}
            index={i}
            isChosen={i === reporter}
            onChoose={reporters.length > 1 ? () => choose(i) : undefined}
          />
        ))}
      </div>
      <Chart
        name="Received"
        unit="events a second"
        at={flow.at}
        values={flow.received}
        now={rate(flow.received)}
      />
      <Chart
        name="Forwarded"
        unit="events a second"
        at={flow.at}
        values={flow.forwarded}
        now={rate(flow.forwarded)}
      />
      <Chart
        name="Buffered"
        unit="events"
        at={flow.at}
        values={flow.held}
        now={counted(last?.held.events ?? 0, 'event')}
      />
      <Chart
        name="Dropped"
        unit="events a second"
        at={flow.at}
        values={flow.dropped}
        now={rate(flow.dropped)}
        isLoss={true}
      >
        {Object.entries(last?.dropped ?? {}).map(([reason, n]) => (
          <p key={reason}>
            {grouped(n)} {reasonText(reason)}
          </p>
        ))}
      </Chart>
    </section>
  );
}

function Reporter({
  knowledge,
  index,
  isChosen,
  onChoose,
}: {
  knowledge: Knowledge;
  index: number;
  isChosen: boolean;
  onChoose: (() => void) | undefined;
}) {
  const { text, isWarning } = reporterAnswer(knowledge, index);
  const why = knowledge.state.reporters[index]?.outage?.why;
  return (
    <div class="reporter" data-warning={isWarning}>
      <p>{text}</p>
      {why !== undefined && <p class="why">Reason: {shown(why)}</p>}
      {onChoose && (
        <button type="button" aria-pressed={isChosen} onClick={onChoose}>
          Show its flow
        </button>
      )}
    </div>
  );
}
