/** A tree of the paths of rules with the same domain and method. It finds the path that also allows another path. */
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

  /** The value of the shortest path that allows everything that this path allows. */
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
        // If the path itself was added, it is the last one.
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
