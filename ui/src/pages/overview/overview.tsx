import { Page } from "../../components/page";

const Overview = () => <Page title="Overview">{null}</Page>;

export default Overview;
