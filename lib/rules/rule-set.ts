import type { Level } from './level.js';
import { PathCover } from './path-cover.js';
import {
  alsoAllowed,
  pathText,
  type RequestedEvent,
  type RequestPattern,
  ruleText,
} from './request-pattern.js';

/** Events whose narrowest rule is the same. */
export interface Group extends RequestPattern {
  events: number;
  /** One of them. */
  readonly example: RequestedEvent;
}

/** One rule, and the groups of events that it is for. */
export interface GroupedRule {
  readonly rule: string;
  readonly groups: readonly Group[];
  readonly alsoAllows: readonly string[];
}

/** The methods of one path. */
interface PathGroup {
  readonly path: readonly string[] | undefined;
  readonly methods: Set<string>;
  readonly groups: Group[];
}

/** How long a rule may become by adding another path, in characters. */
const READABLE = 100;

/** Combines the rules of groups into the smallest readable set that allows the same requests. */
export function rulesOf(groups: readonly Group[], by: Level): GroupedRule[] {
  const domains = grouped(groups, ({ domain }) => domain);
  return domains.flatMap((ofDomain) => {
    const paths = pathGroups(withoutCovered(ofDomain));
    return grouped(paths, ({ methods }) => [...methods].join()).flatMap((same) => rulesFor(same, by));
  });
}

function grouped<T>(items: readonly T[], keyOf: (item: T) => string): T[][] {
  const found = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = found.get(key);
    if (group === undefined) found.set(key, [item]);
    else group.push(item);
  }
  return [...found.values()];
}

/** Lists of groups that one rule covers: first the one that gives the rule its path, then those that are narrower. */
function withoutCovered(groups: readonly Group[]): Group[][] {
  const covering = new Map<Group, Group[]>(groups.map((group) => [group, [group]]));
  for (const ofMethod of grouped(groups, ({ method = '' }) => method)) {
    const cover = new PathCover<Group>();
    for (const group of ofMethod) cover.add(group.path ?? [], group);
    for (const group of ofMethod) {
      const wider = cover.find(group.path ?? []);
      if (wider === undefined || wider === group) continue;
      // The widest one is covered by no other, whatever the order in which they are visited.
      let widest = wider;
      for (let next = cover.find(widest.path ?? []); next !== undefined && next !== widest; ) {
        widest = next;
        next = cover.find(widest.path ?? []);
      }
      covering.get(widest)?.push(group);
      covering.delete(group);
    }
  }
  return [...covering.values()];
}

function pathGroups(covered: readonly (readonly Group[])[]): PathGroup[] {
  const byPath = grouped(covered, ([group]) => (group?.path === undefined ? '' : pathText(group.path)));
  return byPath.map((lists) => ({
    path: lists[0]?.[0]?.path,
    methods: new Set(
      lists
        .map(([group]) => group?.method)
        .filter((method) => method !== undefined)
        .sort(),
    ),
    groups: lists.flat(),
  }));
}

/** Rules with one domain and the same methods. A rule has several paths as long as it stays readable. */
function rulesFor(all: readonly PathGroup[], by: Level): GroupedRule[] {
  const [first] = all as readonly [PathGroup];
  const methods = first.methods.size === 0 ? undefined : [...first.methods];
  const domain = first.groups[0]?.domain as string;
  const textOf = (list: readonly PathGroup[]) =>
    ruleText(
      methods,
      domain,
      list.flatMap(({ path }) => (path === undefined ? [] : [pathText(path)])),
    );

  const rules: PathGroup[][] = [];
  const isOpen = ({ path }: PathGroup) => path === undefined || path.at(-1) === '*';
  const paths = [...all].sort((a, b) => (pathText(a.path ?? []) < pathText(b.path ?? []) ? -1 : 1));
  for (const path of paths.filter((path) => !isOpen(path))) {
    const last = rules.at(-1);
    if (last !== undefined && textOf([...last, path]).length <= READABLE) last.push(path);
    else rules.push([path]);
  }
  // Some releases of boundary accept * at the end of a path only if the path is the last one.
  const closed = [...rules];
  for (const path of paths.filter(isOpen)) {
    const rule = path.path === undefined ? undefined : closed.pop();
    if (rule !== undefined && textOf([...rule, path]).length <= READABLE) rule.push(path);
    else rules.push([path]);
  }
  return rules.map((list) => ({
    rule: textOf(list),
    groups: list.flatMap(({ groups }) => groups),
    alsoAllows: [...new Set(list.flatMap(({ path }) => alsoAllowed(path, by)))],
  }));
}
