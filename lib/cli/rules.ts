import { invalidOption } from '../options.js';
import type { Level } from '../rules/level.js';
import { type Rule, readRule } from '../rules/read-rule.js';
import { RuleSuggester } from '../rules/suggester.js';
import { ExitCode, type Io, isClosedPipe } from './io.js';
import { RecordInput } from './record-input.js';
import { RuleCheck } from './rule-check.js';
import { asFlags, asJson, asYaml } from './rules-text.js';
import { writeText } from './stdout.js';

export interface RulesOptions {
  all: boolean;
  by: Level;
  yaml: boolean;
  json: boolean;
  check: readonly string[] | undefined;
}

/**
 * Writes the rules that would have allowed the events of files; with `check`, the events that given rules would have
 * allowed. The exit code says whether everything could be read.
 */
export async function rules(files: readonly string[], options: RulesOptions, io: Io): Promise<number> {
  const { all, by, check, json } = options;
  const given = check?.map(parsed);
  const input = new RecordInput(files, io);
  const suggester = new RuleSuggester(by);
  const checked = given === undefined ? undefined : new RuleCheck(given);
  let events = 0;
  for await (const record of input.records()) {
    if (record.kind !== 'event' || !(all || record.event.decision === 'deny')) continue;
    events += 1;
    (checked ?? suggester).add(record.event);
  }
  const what = all ? 'event' : 'denied event';
  if (events === 0) io.stderr.write(`there are no ${what}s\n`);

  let lines: string[];
  if (checked !== undefined) lines = json ? [checked.json()] : checked.lines(what);
  else lines = (json ? asJson : options.yaml ? asYaml : asFlags)(suggester.suggestions());
  try {
    await writeText(
      io,
      lines.map((line) => `${line}\n`),
    );
  } catch (error) {
    if (!isClosedPipe(error)) throw error;
  }
  return input.hasLoss ? ExitCode.FAILED : ExitCode.DONE;
}

function parsed(text: string): Rule {
  const rule = readRule(text);
  if (!('position' in rule)) return rule;
  const expected = `a rule of boundary. At character ${rule.position + 1}: ${rule.message}`;
  throw invalidOption('--check', text, expected);
}
