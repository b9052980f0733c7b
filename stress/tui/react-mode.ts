/**
 * To be imported before the screen is (`await import("./app.tsx")`): React decides by this variable when it is loaded, and
 * its development build takes a fifth more of the processor that the generator needs. Not from app.tsx itself: the
 * compiler puts the import of React's JSX runtime above all others, and two different builds together draw nothing.
 */
process.env.NODE_ENV ??= "production";
