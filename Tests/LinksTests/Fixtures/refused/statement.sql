select system$get_privatelink_config();
