/** Paths of rules with one domain and one method, as a tree of their segments: finds the path that allows another one. */
export class PathCover<T> {
  readonly #root = new Node<T>();

  add(path: readonly string[], value: T): void {
    let node = this.#root;
    for (const segment of path) {
      const next = node.next.get(segment) ?? new Node<T>();
      node.next.set(segment, next);
      node = next;
    }
    node.value = value;
    // The only path without segments, and one that ends with *, allow longer paths.
    node.isOpen = path.length === 0 || path.at(-1) === '*';
  }

  /** What was added for the shortest other path that allows everything that this path allows. */
  find(path: readonly string[]): T | undefined {
    let nodes = [this.#root];
    for (const [i, segment] of path.entries()) {
      const open = nodes.find(({ isOpen }) => isOpen);
      if (open !== undefined) return open.value;
      const isLast = i === path.length - 1;
      nodes = nodes.flatMap((node) => {
        const next = [node.next.get('*'), segment === '*' ? undefined : node.next.get(segment)];
        return next.filter((node) => node !== undefined);
      });
      if (isLast) {
        const isOpen = segment === '*';
        // The path itself is the last of them, if it was added.
        const found = nodes.find((node) => node.value !== undefined && (node.isOpen || !isOpen));
        return found?.value;
      }
    }
    return this.#root.isOpen ? this.#root.value : undefined;
  }
}

class Node<T> {
  readonly next = new Map<string, Node<T>>();
  value: T | undefined;
  isOpen = false;
}
