export function Brand({ className }: { className?: string }) {
  return (
    <span className={`inline-flex items-center gap-2 font-[650] tracking-tight ${className ?? ''}`}>
      <svg
        width="20"
        height="20"
        viewBox="0 0 20 20"
        fill="none"
        stroke="currentColor"
        strokeWidth="1.8"
        className="text-accent"
        aria-hidden="true"
      >
        <path d="M3 18V6.5L10 2l7 4.5V18M7 18v-6a3 3 0 0 1 6 0v6" />
      </svg>
      Gatehouse
    </span>
  );
}
