// A plugin for typedoc: it hides methods of Node's streams that a class overrides without a doc comment, such as `_write`
// or a faster `write`. Node's documentation describes these methods.
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
