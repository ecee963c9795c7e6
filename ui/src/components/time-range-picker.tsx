import { type Range, ranges, rangeWords, type TimeRange } from "../state/time-range";
import { moment } from "../text/format";
import { Button } from "./button";
import { Icon } from "./icon";
import { Menu } from "./menu";
import { Segmented } from "./segmented";

/** The window of time in the top bar: four ranges, or the fixed window with a way out of it. */
export const TimeRangePicker = ({ time }: { time: TimeRange }) => {
  if (time.fixed) {
    const now = Date.now();
    return (
      <Button onClick={() => time.setRange("24h")} title="Back to the last 24 hours">
        {moment(time.fixed.from, now)} – {time.fixed.to ? moment(time.fixed.to, now) : "now"}
        <Icon name="close" small />
      </Button>
    );
  }
  return (
    <>
      <Segmented<Range>
        label="Time range"
        className="not-phone"
        value={time.range}
        options={ranges.map((value) => ({ value, label: rangeWords[value] }))}
        onChange={time.setRange}
      />
      <Menu
        className="phone-only"
        label={time.range ? rangeWords[time.range] : ""}
        entries={ranges.map((value) => ({
          label: rangeWords[value],
          checked: value === time.range,
          onChoose: () => time.setRange(value),
        }))}
      />
    </>
  );
};
