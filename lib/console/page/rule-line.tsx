import { CopyButton, copyText } from './copy-button.js';
import type { PageEvent } from './page-event.js';
import { type RuleLevel, suggestionFor } from './rule.js';

/** The rule that would allow an event, ready to copy. */
export function RuleLine({ event, by }: { event: PageEvent; by: RuleLevel }) {
  const suggestion = suggestionFor(event, by);
  if ('reason' in suggestion) return <p class="rule none">No rule: {suggestion.reason}.</p>;
  const { flag, alsoAllows } = suggestion;
  return (
    <div class="rule">
      <code dir="ltr">{flag}</code> <CopyButton text={flag} label="Copy rule" />
      {alsoAllows.length > 0 && <p class="also">It also allows {alsoAllows.join('; ')}.</p>}
    </div>
  );
}

/** Copies the narrowest rule for an event. @returns what to say. */
export async function copyRuleOf(event: PageEvent): Promise<string> {
  if (!event.isDenied) return 'This event was allowed.';
  const suggestion = suggestionFor(event, 'path');
  if ('reason' in suggestion) return `No rule: ${suggestion.reason}.`;
  return (await copyText(suggestion.flag))
    ? `Copied ${suggestion.flag}`
    : 'The browser does not allow copying.';
}
