// A plugin for typedoc: it leaves out what a class overrides of Node's streams without anything new to say, such as
// `_write` or a faster `write` without a doc comment. Readers find these methods in the documentation of Node.
import { Duplex } from 'node:stream';
import { Converter, ReflectionKind } from 'typedoc';

/** @param {import('typedoc').Application} app */
export function load(app) {
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => {
    for (const method of project.getReflectionsByKind(ReflectionKind.Method)) {
      const { name, signatures } = /** @type {import('typedoc').DeclarationReflection} */ (method);
      const isCommented = signatures?.some(
        ({ comment }) => comment?.inheritedFromParentDeclaration === false,
      );
      if (name.startsWith('_') || (name in Duplex.prototype && !isCommented))
        project.removeReflection(method);
    }
  });
}
