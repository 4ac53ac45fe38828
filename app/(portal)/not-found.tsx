import { NothingHere } from '#components/shell/not-here.tsx';
import { Page } from '#components/shell/page.tsx';

export default function NotFound() {
  return (
    <Page title="There is nothing here" here="Nothing here">
      <NothingHere />
    </Page>
  );
}
