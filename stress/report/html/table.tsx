import { Fragment, type ReactNode } from "react";

export interface Column {
  name: string;
  /** Figures are flush right. */
  figure?: boolean;
  /** In full, where the name is short for it. */
  title?: string;
}

export interface TableProps {
  caption: string;
  columns: readonly Column[];
  /** Cells in the order of the columns; the first names its row. */
  rows: readonly (readonly ReactNode[])[];
  /** The caption is read out but not shown: the heading above says it already. */
  quiet?: boolean;
}

/** A table that scrolls by itself where the page is narrow, so that the page never does. */
export function Table({ caption, columns, rows, quiet = false }: TableProps): ReactNode {
  const kind = (at: number) => (columns[at]?.figure === true ? "figure" : undefined);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    // biome-ignore lint/a11y/useSemanticElements: a fieldset is for the controls of a form
    <div className="scroll" role="group" aria-label={caption} tabIndex={0}>
      <table>
        <caption className={quiet ? "unseen" : undefined}>{caption}</caption>
        <thead>
          <tr>
            {columns.map(({ name, title }, at) => (
              <th key={name} scope="col" className={kind(at)}>
                {title === undefined ? name : <abbr title={title}>{name}</abbr>}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(([name, ...cells], row) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: nothing is ever re-ordered in static markup
            <tr key={row}>
              <th scope="row" className={kind(0)}>
                {name}
              </th>
              {cells.map((cell, at) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: as above
                <td key={at} className={kind(at + 1)}>
                  {cell}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** Names with their values. */
export function Facts({ facts }: { facts: readonly (readonly [string, ReactNode])[] }): ReactNode {
  return (
    <dl className="facts">
      {facts.map(([name, value]) => (
        <Fragment key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </Fragment>
      ))}
    </dl>
  );
}
